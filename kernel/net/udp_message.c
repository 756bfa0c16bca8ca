/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP's datagrams. Each is copied once, between the application's memory and the packet buffer,
 * without the core lock.
 */
#include <asm/errno.h>
#include <lib/string.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <lwip/netif.h>
#include <mm/heap.h>

#include "netif.h"
#include "share.h"
#include "udp.h"

#define PAYLOAD_MAX    65507u
#define DATAGRAM_SHARE 512u /* of the receive buffer, besides the data */

void udp_received(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *from,
		  u16_t port)
{
	struct udp_socket *udp = udp_share(argument, from, port);
	size_t share = data->tot_len + DATAGRAM_SHARE;
	struct datagram *datagram = NULL;

	if (udp->queued + share <= udp->inet.socket.options.receive_buffer)
		datagram = kmalloc(sizeof(*datagram));
	if (!datagram) {
		pbuf_free(data);
		return;
	}
	*datagram = (struct datagram){.data = data};
	ip_addr_copy(datagram->from.ip, *from);
	datagram->from.port = port;
	ip_addr_copy(datagram->to.ip, *ip_current_dest_addr());
	datagram->to.port = pcb->local_port;
	datagram->interface = netif_get_index(ip_current_input_netif());
	if (ip_current_is_v6()) {
		datagram->ttl = IP6H_HOPLIM(ip6_current_header());
		datagram->tos = (uint8_t)IP6H_TC(ip6_current_header());
	} else {
		datagram->ttl = IPH_TTL(ip4_current_header());
		datagram->tos = IPH_TOS(ip4_current_header());
	}
	list_push_back(&udp->queue, &datagram->node);
	udp->queued += share;
	atomic_fetch_add(&udp->waiting, 1);
	socket_wake(&udp->inet.socket);
}

/* Takes the first datagram off the queue, or just looks. NULL: there is none. */
static struct datagram *first(struct udp_socket *udp, bool take) REQUIRES(net_core)
{
	struct list_node *node = list_front(&udp->queue);
	struct datagram *datagram;

	if (!node)
		return NULL;
	datagram = list_entry(node, struct datagram, node);
	if (take) {
		list_remove(node);
		udp->queued -= datagram->data->tot_len + DATAGRAM_SHARE;
		atomic_fetch_sub(&udp->waiting, 1);
	}
	return datagram;
}

static void free_datagram(struct datagram *datagram) REQUIRES(net_core)
{
	pbuf_free(datagram->data);
	kfree(datagram);
}

void udp_drop_received(struct udp_socket *udp)
{
	struct datagram *datagram;

	while ((datagram = first(udp, true)))
		free_datagram(datagram);
}

static void put_info4(struct socket_message *message, const struct inet_options *options,
		      const struct datagram *datagram)
{
	struct in_pktinfo info = {.ipi_ifindex = datagram->interface};
	int number;

	if (options->packet_info) {
		info.ipi_addr.s_addr = ip4_addr_get_u32(ip_2_ip4(&datagram->to.ip));
		info.ipi_spec_dst = info.ipi_addr;
		socket_control_put(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	}
	if (options->receive_ttl) {
		number = datagram->ttl;
		socket_control_put(message, IPPROTO_IP, IP_TTL, &number, sizeof(number));
	}
	if (options->receive_tos)
		socket_control_put(message, IPPROTO_IP, IP_TOS, &datagram->tos, 1);
}

static void put_info6(struct socket_message *message, const struct inet_options *options,
		      const struct datagram *datagram)
{
	struct in6_pktinfo info = {.ipi6_ifindex = datagram->interface};
	int number;

	if (options->packet_info) {
		memcpy(&info.ipi6_addr, ip_2_ip6(&datagram->to.ip)->addr, sizeof(info.ipi6_addr));
		socket_control_put(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	if (options->receive_ttl) {
		number = datagram->ttl;
		socket_control_put(message, IPPROTO_IPV6, IPV6_HOPLIMIT, &number, sizeof(number));
	}
	if (options->receive_tos) {
		number = datagram->tos;
		socket_control_put(message, IPPROTO_IPV6, IPV6_TCLASS, &number, sizeof(number));
	}
}

/* Copies DATAGRAM to MESSAGE: its size as recvmsg(2) tells it, or -EFAULT. */
static int64_t deliver(struct udp_socket *udp, struct socket_message *message,
		       const struct datagram *datagram)
{
	size_t size = datagram->data->tot_len, wanted = MIN(size, message->io->remaining);
	size_t left = wanted;

	for (const struct pbuf *piece = datagram->data; left; piece = piece->next) {
		size_t part = MIN((size_t)piece->len, left);

		if (file_io_put(message->io, piece->payload, part) != (int64_t)part)
			return -EFAULT;
		left -= part;
	}
	if (wanted < size)
		message->out_flags |= MSG_TRUNC;
	if (message->from)
		inet_address_write(&udp->inet, &datagram->from.ip, datagram->from.port,
				   message->from);
	if (IP_IS_V6(&datagram->to.ip))
		put_info6(message, &udp->inet.options, datagram);
	else
		put_info4(message, &udp->inet.options, datagram);
	return (int64_t)(message->flags & MSG_TRUNC ? size : wanted);
}

/* The first datagram, if there is one: as deliver, or -EAGAIN. */
static int64_t receive_one(struct udp_socket *udp, struct socket_message *message)
{
	bool take = !(message->flags & MSG_PEEK);
	struct datagram *datagram;
	int64_t result = -EAGAIN;

	mutex_lock(&udp->read_lock);
	net_lock();
	datagram = first(udp, take);
	net_unlock();
	if (datagram)
		result = deliver(udp, message, datagram);
	if (datagram && take) {
		net_lock();
		free_datagram(datagram);
		net_unlock();
	}
	mutex_unlock(&udp->read_lock);
	return result;
}

static bool readable(struct udp_socket *udp)
{
	return atomic_load(&udp->waiting) || atomic_load(&udp->shut_read) ||
	       atomic_load(&udp->inet.socket.error);
}

int64_t udp_socket_receive(struct socket *socket, struct socket_message *message)
{
	struct udp_socket *udp = udp_of(socket);
	uint64_t deadline = socket_deadline(message->flags, socket->options.receive_timeout_ns);

	if (message->flags & MSG_ERRQUEUE)
		return -EAGAIN; /* nothing is ever queued there */
	for (;;) {
		int64_t result = socket_take_error(socket);

		if (!result)
			result = receive_one(udp, message);
		if (result != -EAGAIN)
			return result;
		if (atomic_load(&udp->shut_read))
			return 0;
		result = socket_wait(socket, deadline, readable(udp));
		if (result)
			return result;
	}
}

/* Where to: the address of the message, or that of the connection. */
static int destination(struct udp_socket *udp, const struct socket_message *message,
		       struct inet_address *out) REQUIRES(net_core)
{
	const struct udp_pcb *pcb = udp_pcb_of(udp);
	int error;

	if (message->to) {
		error = inet_address_read(&udp->inet, message->to, out);
		if (error)
			return error;
		if (!out->port)
			return -EINVAL;
		inet_destination(out);
		return 0;
	}
	if (!(pcb->flags & UDP_FLAGS_CONNECTED))
		return -EDESTADDRREQ;
	ip_addr_copy(out->ip, pcb->remote_ip);
	out->port = pcb->remote_port;
	return 0;
}

/* The loopback interface brings a multicast back by itself: a copy would come twice. */
static err_t send_to(struct udp_socket *udp, struct pbuf *data, const struct inet_address *to)
	REQUIRES(net_core)
{
	struct udp_pcb *pcb = udp_pcb_of(udp);
	const struct netif *chosen = netif_get_by_index(pcb->mcast_ifindex);
	u8_t flags = pcb->flags;
	err_t error;

	if (ip_addr_ismulticast(&to->ip) && chosen && netif_is_loopback(chosen))
		udp_clear_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
	error = udp_sendto(pcb, data, &to->ip, to->port);
	pcb->flags = flags;
	return error;
}

static int send_locked(struct udp_socket *udp, const struct socket_message *message,
		       struct pbuf *data) REQUIRES(net_core)
{
	struct udp_pcb *pcb = udp_pcb_of(udp);
	struct inet_address to;
	struct netif *netif;
	int error = destination(udp, message, &to);

	if (error)
		return error;
	if (!IP_ADDR_PCB_VERSION_MATCH(pcb, &to.ip))
		return -ENETUNREACH;
	netif = inet_route(&pcb->local_ip, &to.ip);
	if (!netif)
		return -ENETUNREACH;
	if (ip_addr_isbroadcast(&to.ip, netif) && !udp->inet.socket.options.broadcast)
		return -EACCES;
	udp->inet.bound = true;
	return net_error(send_to(udp, data, &to));
}

int64_t udp_socket_send(struct socket *socket, struct socket_message *message)
{
	struct udp_socket *udp = udp_of(socket);
	size_t size = message->io->remaining;
	int64_t result = socket_take_error(socket);
	struct inet_address to;
	struct pbuf *data;

	if (result)
		return result;
	if (size > PAYLOAD_MAX)
		return -EMSGSIZE;
	if (message->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (atomic_load(&udp->shut_write))
		return socket_broken_pipe(message->flags);
	if (message->to && !inet_address_read(&udp->inet, message->to, &to))
		netif_await(&to.ip, false);
	data = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
	if (!data)
		return -ENOBUFS;
	result = file_io_get(message->io, data->payload, size);
	if (result >= 0 && (size_t)result < size)
		result = -EFAULT;
	net_lock();
	if (result >= 0) {
		int error = send_locked(udp, message, data);

		result = error ? error : result;
	}
	pbuf_free(data);
	net_unlock();
	return result;
}
