/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP sockets over lwIP's raw interface. */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <lwip/udp.h>

#include "inet.h"

/* One that has arrived. */
struct datagram {
	struct list_node node;
	struct pbuf *data;
	struct inet_address from, to;
	uint8_t interface, ttl, tos;
};

struct udp_socket {
	struct inet_socket inet;
	/* Written under the core lock, read by poll without it. */
	_Atomic uint32_t waiting; /* datagrams in the queue */
	_Atomic bool shut_read, shut_write;
	/* Under the core lock. */
	struct list queue;	/* oldest first */
	size_t queued;		/* bytes, with a share for each datagram */
	struct mutex read_lock; /* whoever takes from the queue */
};

static inline struct udp_socket *udp_of(struct socket *socket)
{
	return container_of(socket, struct udp_socket, inet.socket);
}

static inline struct udp_pcb *udp_pcb_of(const struct udp_socket *udp)
{
	return (struct udp_pcb *)udp->inet.pcb;
}

/* udp_message.c */
int64_t udp_socket_send(struct socket *socket, struct socket_message *message);
int64_t udp_socket_receive(struct socket *socket, struct socket_message *message);
void udp_received(void *argument, struct udp_pcb *pcb, struct pbuf *data, const ip_addr_t *from,
		  u16_t port) REQUIRES(net_core);
void udp_drop_received(struct udp_socket *udp) REQUIRES(net_core);

/* icmp.c: tells connected sockets that nobody receives what they send. */
void udp_errors_start(void) REQUIRES(net_core);

#endif /* NET_UDP_H */
