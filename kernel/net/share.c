/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each peer (address and port) always gets to the same one of the sockets that share an address:
 * the one whose number, mixed with the peer's, is the highest. So it stays when others come and go,
 * whatever the order of lwIP's lists.
 */
#include "share.h"

#include <lwip/priv/tcp_priv.h>

/* The peer as a number. */
static uint32_t fold(const ip_addr_t *from, uint16_t port)
{
	const uint32_t *words = ip_2_ip6(from)->addr;

	if (IP_IS_V4(from))
		return ip4_addr_get_u32(ip_2_ip4(from)) + port * 0x9e3779b1u;
	return (words[0] ^ words[1] ^ words[2] ^ words[3]) + port * 0x9e3779b1u;
}

static uint32_t score(const struct socket *socket, uint32_t peer)
{
	uint32_t value = peer ^ ((uint32_t)socket->number * 0x85ebca6bu);

	value = (value ^ value >> 16) * 0x7feb352du;
	value = (value ^ value >> 15) * 0x846ca68bu;
	return value ^ value >> 16;
}

/* Do the sockets of A and B share their address? */
static bool together(const struct inet_socket *a, const struct inet_socket *b)
{
	const ip_addr_t *ip_a = &a->pcb->local_ip, *ip_b = &b->pcb->local_ip;

	return b->socket.options.reuse_port && IP_GET_TYPE(ip_a) == IP_GET_TYPE(ip_b) &&
	       ip_addr_cmp(ip_a, ip_b);
}

struct tcp_socket *tcp_share(struct tcp_socket *tcp, const ip_addr_t *from, uint16_t port)
{
	uint32_t peer = fold(from, port), best = 0;
	const struct tcp_pcb_listen *pcb;
	struct tcp_socket *chosen = tcp;

	if (!tcp->inet.socket.options.reuse_port)
		return tcp;
	for (pcb = tcp_listen_pcbs.listen_pcbs; pcb; pcb = pcb->next) {
		struct tcp_socket *other = pcb->callback_arg;

		if (!other || pcb->local_port != tcp->local.port ||
		    !together(&tcp->inet, &other->inet) || score(&other->inet.socket, peer) < best)
			continue;
		best = score(&other->inet.socket, peer);
		chosen = other;
	}
	return chosen;
}

struct udp_socket *udp_share(struct udp_socket *udp, const ip_addr_t *from, uint16_t port)
{
	const struct udp_pcb *own = udp_pcb_of(udp);
	uint32_t peer = fold(from, port), best = 0;
	struct udp_socket *chosen = udp;

	if (!udp->inet.socket.options.reuse_port || own->flags & UDP_FLAGS_CONNECTED ||
	    ip_addr_ismulticast(ip_current_dest_addr()) ||
	    ip_addr_isbroadcast(ip_current_dest_addr(), ip_current_netif()))
		return udp;
	for (const struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
		struct udp_socket *other = pcb->recv_arg;

		if (pcb->recv != udp_received || pcb->local_port != own->local_port ||
		    pcb->flags & UDP_FLAGS_CONNECTED || !together(&udp->inet, &other->inet) ||
		    score(&other->inet.socket, peer) < best)
			continue;
		best = score(&other->inet.socket, peer);
		chosen = other;
	}
	return chosen;
}
