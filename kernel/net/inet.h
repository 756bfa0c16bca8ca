/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AF_INET and AF_INET6: what TCP and UDP share. A socket belongs to its file; everything in these
 * structures is under the core lock, unless it says otherwise. lwIP's control block (pcb) is made
 * with the socket, may go away by itself (TCP) and points back by its callback argument.
 */
#ifndef NET_INET_H
#define NET_INET_H

#include <lwip/ip.h>
#include <net/socket.h>

#include "stack.h"

/* Options of levels IPPROTO_IP and IPPROTO_IPV6. -1: lwIP's default. */
struct inet_options {
	int ttl, tos;		 /* IP_TTL or IPV6_UNICAST_HOPS, IP_TOS or IPV6_TCLASS */
	int multicast_ttl;	 /* IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS */
	bool multicast_loop;	 /* ..._MULTICAST_LOOP */
	uint8_t multicast_index; /* ..._MULTICAST_IF; 0: chosen by the route */
	bool v6only;
	bool packet_info;	       /* IP_PKTINFO, IPV6_RECVPKTINFO */
	bool receive_ttl, receive_tos; /* IP_RECVTTL, IP_RECVTOS and IPv6's */
	int mtu_discover;
	bool receive_errors, free_bind, bind_no_port, multicast_all;
	uint32_t multicast_address; /* IP_MULTICAST_IF as it was given */
};

struct inet_address {
	ip_addr_t ip;
	uint16_t port;
};

struct inet_socket {
	struct socket socket;
	struct inet_options options;
	bool bound;		 /* has a local port */
	struct list memberships; /* multicast.c */
	struct ip_pcb *pcb;	 /* struct tcp_pcb, tcp_pcb_listen, udp_pcb, raw_pcb; NULL: gone */
};

static inline struct inet_socket *inet_of(struct socket *socket)
{
	return container_of(socket, struct inet_socket, socket);
}

void inet_init(struct inet_socket *inet, const struct socket_ops *ops, int family, int type,
	       int protocol);
/* IPADDR_TYPE_* of a new control block. */
uint8_t inet_pcb_type(const struct inet_socket *inet);
/* Sets PCB's options from the socket's. */
void inet_apply(struct inet_socket *inet, struct ip_pcb *pcb) REQUIRES(net_core);

/* ADDRESS as the family of INET has it. 0, -EINVAL, -EAFNOSUPPORT, -ENETUNREACH. */
must_check int inet_address_read(const struct inet_socket *inet,
				 const struct socket_address *address, struct inet_address *out);
/* The reverse; an IPv4 address is mapped for AF_INET6. */
void inet_address_write(const struct inet_socket *inet, const ip_addr_t *ip, uint16_t port,
			struct socket_address *out);
/* Where a connection to ADDRESS leads: this machine, for the address of no one. */
void inet_destination(struct inet_address *address);
/* The interface that leads from LOCAL to IP, or NULL (-ENETUNREACH). */
struct netif *inet_route(const ip_addr_t *local, const ip_addr_t *ip) REQUIRES(net_core);
/* Can a socket be bound to IP? 0 or -EADDRNOTAVAIL. */
must_check int inet_check_local(const struct inet_socket *inet, const ip_addr_t *ip)
	REQUIRES(net_core);

/* Options of the levels above, for both protocols. -ENOPROTOOPT: not one of them. */
int inet_option_set(struct inet_socket *inet, int level, int name, const void *value, size_t size);
int inet_option_get(struct inet_socket *inet, int level, int name, void *value, size_t *size);
/* IPV6_V6ONLY, before the socket is bound. */
int inet_set_v6only(struct inet_socket *inet, bool on);
/* Memberships and IP_MULTICAST_IF. -ENOPROTOOPT: not one of them. */
int inet_membership(struct inet_socket *inet, int level, int name, const void *value, size_t size);
int inet_multicast_interface(struct inet_socket *inet, void *value, size_t *size);
void inet_leave_all(struct inet_socket *inet) REQUIRES(net_core);
bool inet_interface_exists(int index);

must_check int tcp_socket_create(int family, int protocol, struct socket **out);
must_check int udp_socket_create(int family, int protocol, struct socket **out);

#endif /* NET_INET_H */
