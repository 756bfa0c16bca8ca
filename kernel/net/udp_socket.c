/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP sockets: their life, addresses, poll, options. */
#include "netif.h"
#include "udp.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <linux/in.h>
#include <linux/udp.h>
#include <lwip/netif.h>
#include <mm/heap.h>

static int bind_locked(struct udp_socket *udp, struct inet_address *address) REQUIRES(net_core)
{
	int error;

	if (udp->inet.bound)
		return -EINVAL;
	error = inet_check_local(&udp->inet, &address->ip);
	if (error)
		return error;
	if (udp->inet.socket.family == AF_INET6 && !udp->inet.options.v6only &&
	    IP_IS_V6_VAL(address->ip) && ip_addr_isany_val(address->ip))
		ip_addr_copy(address->ip, *IP_ANY_TYPE);
	error = net_error(udp_bind(udp_pcb_of(udp), &address->ip, address->port));
	udp->inet.bound = !error;
	return error;
}

static int udp_socket_bind(struct socket *socket, const struct socket_address *address)
{
	struct udp_socket *udp = udp_of(socket);
	struct inet_address local;
	int error = inet_address_read(&udp->inet, address, &local);

	if (error)
		return error;
	netif_await(&local.ip, false);
	net_lock();
	error = bind_locked(udp, &local);
	net_unlock();
	return error;
}

static int connect_locked(struct udp_socket *udp, struct inet_address *peer) REQUIRES(net_core)
{
	struct udp_pcb *pcb = udp_pcb_of(udp);
	struct netif *netif;

	inet_destination(peer);
	netif = inet_route(&pcb->local_ip, &peer->ip);
	if (!netif)
		return -ENETUNREACH;
	if (ip_addr_isbroadcast(&peer->ip, netif) && !udp->inet.socket.options.broadcast)
		return -EACCES;
	udp->inet.bound = true;
	return net_error(udp_connect(pcb, &peer->ip, peer->port));
}

static int udp_socket_connect(struct socket *socket, const struct socket_address *address)
{
	struct udp_socket *udp = udp_of(socket);
	struct inet_address peer;
	int error;

	if (address->size >= sizeof(address->family) && address->family == AF_UNSPEC) {
		net_lock();
		udp_disconnect(udp_pcb_of(udp));
		net_unlock();
		return 0;
	}
	error = inet_address_read(&udp->inet, address, &peer);
	if (error)
		return error;
	netif_await(&peer.ip, false);
	net_lock();
	error = connect_locked(udp, &peer);
	net_unlock();
	return error;
}

static bool connected(const struct udp_socket *udp) REQUIRES(net_core)
{
	return udp_pcb_of(udp)->flags & UDP_FLAGS_CONNECTED;
}

static int udp_socket_shutdown(struct socket *socket, int how)
{
	struct udp_socket *udp = udp_of(socket);
	int error = 0;

	net_lock();
	if (how != SHUT_WR)
		atomic_store(&udp->shut_read, true);
	if (how != SHUT_RD)
		atomic_store(&udp->shut_write, true);
	if (!connected(udp))
		error = -ENOTCONN;
	net_unlock();
	socket_wake(socket);
	return error;
}

/* The local address of a connected socket is the one that its datagrams carry. */
static const ip_addr_t *local_ip(const struct udp_pcb *pcb) REQUIRES(net_core)
{
	const ip_addr_t *chosen = NULL;
	struct netif *netif;

	if (ip_addr_isany(&pcb->local_ip) && pcb->flags & UDP_FLAGS_CONNECTED) {
		netif = ip_route(&pcb->local_ip, &pcb->remote_ip);
		chosen = netif ? ip_netif_get_local_ip(netif, &pcb->remote_ip) : NULL;
	}
	return chosen ? chosen : &pcb->local_ip;
}

static int udp_socket_name(struct socket *socket, bool peer, struct socket_address *address)
{
	struct udp_socket *udp = udp_of(socket);
	const struct udp_pcb *pcb = udp_pcb_of(udp);
	int error = 0;

	net_lock();
	if (!peer)
		inet_address_write(&udp->inet, local_ip(pcb), pcb->local_port, address);
	else if (connected(udp))
		inet_address_write(&udp->inet, &pcb->remote_ip, pcb->remote_port, address);
	else
		error = -ENOTCONN;
	net_unlock();
	return error;
}

static unsigned udp_socket_poll(struct socket *socket)
{
	struct udp_socket *udp = udp_of(socket);
	bool read_end = atomic_load(&udp->shut_read), write_end = atomic_load(&udp->shut_write);
	unsigned ready = POLLOUT | POLLWRNORM;

	if (atomic_load(&socket->error))
		ready |= POLLERR;
	if (atomic_load(&udp->waiting) || read_end)
		ready |= POLLIN | POLLRDNORM;
	if (read_end)
		ready |= POLLRDHUP;
	if (read_end && write_end)
		ready |= POLLHUP;
	return ready;
}

static void apply(struct udp_socket *udp) REQUIRES(net_core)
{
	const struct inet_options *options = &udp->inet.options;
	struct udp_pcb *pcb = udp_pcb_of(udp);

	inet_apply(&udp->inet, udp->inet.pcb);
	udp_set_multicast_ttl(pcb, (u8_t)options->multicast_ttl);
	udp_set_multicast_netif_index(pcb, options->multicast_index);
	if (options->multicast_loop)
		udp_set_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
	else
		udp_clear_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
	if (udp->inet.socket.options.no_check)
		udp_set_flags(pcb, UDP_FLAGS_NOCHKSUM);
	else
		udp_clear_flags(pcb, UDP_FLAGS_NOCHKSUM);
}

static void udp_options_changed(struct socket *socket)
{
	net_lock();
	apply(udp_of(socket));
	net_unlock();
}

static int udp_option_set(struct socket *socket, int level, int name, const void *value,
			  size_t size)
{
	return inet_option_set(inet_of(socket), level, name, value, size);
}

static int udp_option_get(struct socket *socket, int level, int name, void *value, size_t *size)
{
	return inet_option_get(inet_of(socket), level, name, value, size);
}

static long udp_socket_ioctl(struct socket *socket, unsigned command, uintptr_t argument)
{
	struct udp_socket *udp = udp_of(socket);
	struct list_node *node;
	int count = 0;

	if (command != FIONREAD && command != TIOCOUTQ)
		return -ENOTTY;
	net_lock();
	node = command == FIONREAD ? list_front(&udp->queue) : NULL;
	if (node)
		count = list_entry(node, struct datagram, node)->data->tot_len;
	net_unlock();
	return arch_user_write(argument, &count, sizeof(count));
}

static void udp_socket_release(struct socket *socket)
{
	struct udp_socket *udp = udp_of(socket);

	net_lock();
	inet_leave_all(&udp->inet);
	udp_remove(udp_pcb_of(udp));
	udp_drop_received(udp);
	net_unlock();
	kfree(udp);
}

static const struct socket_ops udp_socket_ops = {
	.bind = udp_socket_bind,
	.connect = udp_socket_connect,
	.send = udp_socket_send,
	.receive = udp_socket_receive,
	.shutdown = udp_socket_shutdown,
	.name = udp_socket_name,
	.poll = udp_socket_poll,
	.set_option = udp_option_set,
	.get_option = udp_option_get,
	.options_changed = udp_options_changed,
	.ioctl = udp_socket_ioctl,
	.release = udp_socket_release,
};

int udp_socket_create(int family, int protocol, struct socket **out)
{
	struct udp_socket *udp = kzalloc(sizeof(*udp));
	struct udp_pcb *pcb;

	if (!udp)
		return -ENOBUFS;
	inet_init(&udp->inet, &udp_socket_ops, family, SOCK_DGRAM, protocol);
	list_init(&udp->queue);
	mutex_init(&udp->read_lock);
	net_lock();
	pcb = udp_new_ip_type(inet_pcb_type(&udp->inet));
	if (pcb) {
		udp->inet.pcb = (struct ip_pcb *)pcb;
		udp_recv(pcb, udp_received, udp);
		apply(udp);
	}
	net_unlock();
	if (!pcb) {
		kfree(udp);
		return -ENOBUFS;
	}
	*out = &udp->inet.socket;
	return 0;
}
