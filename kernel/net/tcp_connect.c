/* SPDX-License-Identifier: BSD-3-Clause */
/* How TCP connections come about: bind, listen, accept, connect. */
#include "tcp.h"

#include <asm/errno.h>
#include <lwip/priv/tcp_priv.h>
#include <mm/heap.h>

#include "hooks.h"
#include "netif.h"
#include "share.h"
#include "tcp_header.h"

static bool overlap(const ip_addr_t *a, const ip_addr_t *b)
{
	if (IP_IS_ANY_TYPE_VAL(*a) || IP_IS_ANY_TYPE_VAL(*b))
		return true;
	if (IP_IS_V6(a) != IP_IS_V6(b))
		return false;
	return ip_addr_isany(a) || ip_addr_isany(b) || ip_addr_cmp(a, b);
}

/* Does somebody listen there already? lwIP would let sockets with SO_REUSEADDR share. */
static bool taken(const struct tcp_socket *tcp, const ip_addr_t *ip, uint16_t port)
	REQUIRES(net_core)
{
	const struct tcp_pcb_listen *other;

	for (other = tcp_listen_pcbs.listen_pcbs; other; other = other->next) {
		const struct tcp_socket *owner = other->callback_arg;

		if (other->local_port != port || !overlap(&other->local_ip, ip))
			continue;
		if (!owner || !owner->inet.socket.options.reuse_port ||
		    !tcp->inet.socket.options.reuse_port)
			return true;
	}
	return false;
}

/* The address as lwIP has it: of both protocols, for IPv6's address of no one. */
static void widen(const struct tcp_socket *tcp, struct inet_address *address)
{
	if (tcp->inet.socket.family == AF_INET6 && !tcp->inet.options.v6only &&
	    IP_IS_V6_VAL(address->ip) && ip_addr_isany_val(address->ip))
		ip_addr_copy(address->ip, *IP_ANY_TYPE);
}

static int bind_locked(struct tcp_socket *tcp, struct inet_address *address) REQUIRES(net_core)
{
	int error;

	if (tcp_state(tcp) != TCP_IDLE || tcp->inet.bound)
		return -EINVAL;
	error = tcp->inet.pcb ? 0 : tcp_renew(tcp);
	if (!error)
		error = inet_check_local(&tcp->inet, &address->ip);
	if (!error && ip_addr_ismulticast(&address->ip))
		error = -EADDRNOTAVAIL;
	if (error)
		return error;
	widen(tcp, address);
	if (address->port && taken(tcp, &address->ip, address->port))
		return -EADDRINUSE;
	error = net_error(tcp_bind(tcp_pcb_of(tcp), &address->ip, address->port));
	if (error)
		return error;
	tcp->inet.bound = true;
	tcp->local = *address;
	tcp->local.port = tcp_pcb_of(tcp)->local_port;
	return 0;
}

int tcp_socket_bind(struct socket *socket, const struct socket_address *address)
{
	struct tcp_socket *tcp = tcp_of(socket);
	struct inet_address local;
	int error = inet_address_read(&tcp->inet, address, &local);

	if (error)
		return error;
	netif_await(&local.ip, false);
	net_lock();
	error = bind_locked(tcp, &local);
	net_unlock();
	return error;
}

/* A new connection of a listening socket waits to be accepted. */
static err_t arrived(void *argument, struct tcp_pcb *pcb, err_t error) REQUIRES(net_core)
{
	struct tcp_socket *listener = argument, *child;

	if (error != ERR_OK || !listener || !pcb)
		return ERR_VAL;
	listener = tcp_share(listener, &pcb->remote_ip, pcb->remote_port);
	child = tcp_socket_new(listener->inet.socket.family);
	if (!child)
		return ERR_MEM;
	child->inet.socket.options = listener->inet.socket.options;
	child->inet.options = listener->inet.options;
	child->options = listener->options;
	child->told = true;
	child->inet.bound = true;
	tcp_set_state(child, TCP_CONNECTED);
	tcp_attach(child, pcb);
	ip_addr_copy(child->peer.ip, pcb->remote_ip);
	child->peer.port = pcb->remote_port;
	tcp_update_space(child);
	tcp_window_update(child);
	list_push_back(&listener->children, &child->sibling);
	atomic_fetch_add(&listener->waiting, 1);
	socket_wake(&listener->inet.socket);
	return ERR_OK;
}

/* With more connections waiting than the program has asked for, a SYN goes unheard, and the peer
 * tries again later. */
err_t net_tcp_admit(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t length, u16_t length1,
		    u8_t *options2) NO_THREAD_SAFETY
{
	const struct tcp_socket *tcp = pcb->callback_arg;

	tcp_header_end_options((u8_t *)(header + 1), length1, options2, length);
	if (pcb->state == LISTEN && tcp)
		tcp = tcp_share(pcb->callback_arg, ip_current_src_addr(), header->src);
	tcp_window_use(tcp, pcb->state == LISTEN ? NULL : pcb);
	if (pcb->state != LISTEN)
		return ERR_OK;
	return tcp && atomic_load(&tcp->waiting) > tcp->backlog ? ERR_VAL : ERR_OK;
}

static int start_listening(struct tcp_socket *tcp) REQUIRES(net_core)
{
	struct inet_address any = {0};
	struct tcp_pcb *pcb;
	err_t error;
	int result;

	if (!tcp->inet.bound) {
		if (tcp->inet.socket.family == AF_INET6)
			IP_SET_TYPE_VAL(any.ip, IPADDR_TYPE_V6);
		result = bind_locked(tcp, &any);
		if (result)
			return result;
	}
	pcb = tcp_pcb_of(tcp);
	if (taken(tcp, &pcb->local_ip, pcb->local_port))
		return -EADDRINUSE;
	ip_reset_option(pcb, SOF_REUSEADDR); /* checked above; lwIP knows no SO_REUSEPORT */
	pcb = tcp_listen_with_backlog_and_err(pcb, 0, &error);
	if (!pcb)
		return net_error(error);
	tcp->inet.pcb = (struct ip_pcb *)pcb;
	tcp_accept(pcb, arrived);
	inet_apply(&tcp->inet, tcp->inet.pcb);
	tcp->inet.socket.listening = true;
	tcp_set_state(tcp, TCP_LISTENING);
	return 0;
}

int tcp_socket_listen(struct socket *socket, unsigned backlog)
{
	struct tcp_socket *tcp = tcp_of(socket);
	int error = 0;

	net_lock();
	switch (tcp_state(tcp)) {
	case TCP_LISTENING:
		break;
	case TCP_DEAD:
	case TCP_IDLE:
		error = tcp->inet.pcb ? 0 : tcp_renew(tcp);
		if (error)
			break;
		tcp_set_state(tcp, TCP_IDLE);
		error = start_listening(tcp);
		break;
	default:
		error = -EINVAL;
	}
	if (!error)
		tcp->backlog = backlog;
	net_unlock();
	return error;
}

/* Forgets the connections that the peers have not acknowledged yet: lwIP has given their control
 * blocks the listener's argument, which does not outlive it. */
static void drop_half_open(const struct tcp_socket *tcp) REQUIRES(net_core)
{
	struct tcp_pcb *pcb = tcp_active_pcbs, *next;

	for (; pcb; pcb = next) {
		next = pcb->next;
		if (pcb->state == SYN_RCVD && pcb->callback_arg == tcp)
			tcp_abandon(pcb, 0);
	}
}

void tcp_stop_listening(struct tcp_socket *tcp)
{
	struct list_node *node;
	struct tcp_pcb *pcb;

	drop_half_open(tcp);
	while ((node = list_pop_front(&tcp->children))) {
		struct tcp_socket *child = list_entry(node, struct tcp_socket, sibling);

		tcp_reset(child);
		kfree(child);
	}
	atomic_store(&tcp->waiting, 0);
	pcb = tcp_detach(tcp);
	if (pcb)
		(void)tcp_close(pcb);
	tcp->inet.socket.listening = false;
	tcp_set_state(tcp, TCP_DEAD);
}

int tcp_socket_accept(struct socket *socket, struct socket **out)
{
	struct tcp_socket *tcp = tcp_of(socket), *child;
	struct list_node *node;
	int error = 0;

	net_lock();
	if (tcp_state(tcp) != TCP_LISTENING) {
		error = -EINVAL;
	} else if (!(node = list_pop_front(&tcp->children))) {
		error = -EAGAIN;
	} else {
		child = list_entry(node, struct tcp_socket, sibling);
		atomic_fetch_sub(&tcp->waiting, 1);
		*out = &child->inet.socket;
	}
	net_unlock();
	return error;
}

static err_t connected(void *argument, struct tcp_pcb *pcb, err_t error) REQUIRES(net_core)
{
	struct tcp_socket *tcp = argument;

	(void)error; /* always ERR_OK; failures call `failed` */
	ip_addr_copy(tcp->local.ip, pcb->local_ip);
	tcp->local.port = pcb->local_port;
	tcp_set_state(tcp, TCP_CONNECTED);
	tcp_update_space(tcp);
	tcp_window_update(tcp);
	socket_wake(&tcp->inet.socket);
	return ERR_OK;
}

static int connect_locked(struct tcp_socket *tcp, const struct inet_address *peer)
	REQUIRES(net_core)
{
	int error = tcp->inet.pcb ? 0 : tcp_renew(tcp);

	if (error)
		return error;
	if (!inet_route(&tcp->inet.pcb->local_ip, &peer->ip))
		return -ENETUNREACH;
	(void)socket_take_error(&tcp->inet.socket);
	atomic_store(&tcp->ended, false);
	atomic_store(&tcp->shut_read, false);
	atomic_store(&tcp->shut_write, false);
	tcp->peer = *peer;
	tcp->told = false;
	tcp_set_state(tcp, TCP_CONNECTING);
	tcp_window_begin(tcp);
	error = net_error(tcp_connect(tcp_pcb_of(tcp), &peer->ip, peer->port, connected));
	if (!error)
		return -EINPROGRESS;
	tcp_set_state(tcp, TCP_IDLE);
	return error == -ENOBUFS ? -EADDRNOTAVAIL : error;
}

static int disconnect(struct tcp_socket *tcp)
{
	mutex_lock(&tcp->read_lock); /* a reader may be about to copy what tcp_reset frees */
	net_lock();
	if (tcp_state(tcp) == TCP_LISTENING)
		tcp_stop_listening(tcp);
	tcp_reset(tcp);
	tcp->inet.bound = false;
	tcp_set_state(tcp, TCP_IDLE);
	atomic_store(&tcp->ended, false);
	net_unlock();
	mutex_unlock(&tcp->read_lock);
	return 0;
}

/* How the last attempt has ended. After a failure the socket can try again. */
static int take_result(struct tcp_socket *tcp) REQUIRES(net_core)
{
	int error;

	tcp->told = true;
	if (tcp_state(tcp) == TCP_CONNECTED)
		return 0;
	error = socket_take_error(&tcp->inet.socket);
	tcp_set_state(tcp, TCP_IDLE);
	atomic_store(&tcp->ended, false);
	return error ? error : -ECONNABORTED;
}

static int connect_in_state(struct tcp_socket *tcp, const struct socket_address *address)
	REQUIRES(net_core)
{
	struct inet_address peer;
	int error;

	switch (tcp_state(tcp)) {
	case TCP_CONNECTED:
		return tcp->told ? -EISCONN : take_result(tcp);
	case TCP_LISTENING:
		return -EISCONN;
	case TCP_CONNECTING:
		return -EALREADY;
	case TCP_DEAD:
		if (!tcp->told)
			return take_result(tcp);
		break;
	default:
		break;
	}
	error = inet_address_read(&tcp->inet, address, &peer);
	if (error)
		return error;
	inet_destination(&peer);
	return ip_addr_ismulticast(&peer.ip) ? -ENETUNREACH : connect_locked(tcp, &peer);
}

int tcp_socket_connect(struct socket *socket, const struct socket_address *address)
{
	struct tcp_socket *tcp = tcp_of(socket);
	struct inet_address peer;
	int error;

	if (address->size >= sizeof(address->family) && address->family == AF_UNSPEC)
		return disconnect(tcp);
	if (!inet_address_read(&tcp->inet, address, &peer))
		netif_await(&peer.ip, false);
	net_lock();
	error = connect_in_state(tcp, address);
	net_unlock();
	return error;
}

bool tcp_socket_connecting(struct socket *socket)
{
	return tcp_state(tcp_of(socket)) == TCP_CONNECTING;
}

int tcp_socket_connect_result(struct socket *socket)
{
	struct tcp_socket *tcp = tcp_of(socket);
	int error;

	net_lock();
	error = take_result(tcp);
	net_unlock();
	return error;
}
