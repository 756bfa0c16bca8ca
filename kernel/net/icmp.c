/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP's "port unreachable": lwIP takes no notice of it, a connected UDP socket gets ECONNREFUSED.
 * Raw control blocks see all ICMP packets before lwIP does. A packet is as hostile as any: each
 * field is copied out with a check.
 */
#include <asm/errno.h>
#include <linux/in.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/raw.h>

#include "udp.h"

/* RFC 792 and RFC 4443: a header of 8 bytes, type and code first. */
#define HEADER_SIZE	    8u
#define ICMP_DEST_UNREACH   3
#define ICMP_PORT_UNREACH   3
#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_PORT_UNREACH 4

struct ports {
	uint16_t from, to; /* in the network's order */
};

static void refuse(const ip_addr_t *local, const ip_addr_t *remote, const struct ports *ports)
{
	for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
		struct udp_socket *udp = pcb->recv_arg;

		if (pcb->recv != udp_received || !(pcb->flags & UDP_FLAGS_CONNECTED) ||
		    pcb->local_port != lwip_ntohs(ports->from) ||
		    pcb->remote_port != lwip_ntohs(ports->to) ||
		    !ip_addr_cmp(&pcb->remote_ip, remote))
			continue;
		if (!ip_addr_isany(&pcb->local_ip) && !ip_addr_cmp(&pcb->local_ip, local))
			continue;
		atomic_store(&udp->inet.socket.error, ECONNREFUSED);
		socket_wake(&udp->inet.socket);
	}
}

static bool copy(const struct pbuf *packet, size_t offset, void *out, size_t size)
{
	return offset + size <= packet->tot_len &&
	       pbuf_copy_partial(packet, out, (u16_t)size, (u16_t)offset) == size;
}

static u8_t icmp4_seen(void *unused, struct raw_pcb *pcb, struct pbuf *packet,
		       const ip_addr_t *from)
{
	size_t offset = ip_current_header_tot_len();
	ip_addr_t local, remote;
	struct ports ports;
	struct ip_hdr ip;
	uint8_t type[2];

	(void)unused;
	(void)pcb;
	(void)from;
	if (!copy(packet, offset, type, sizeof(type)) || type[0] != ICMP_DEST_UNREACH ||
	    type[1] != ICMP_PORT_UNREACH)
		return 0;
	offset += HEADER_SIZE;
	if (!copy(packet, offset, &ip, sizeof(ip)) || IPH_PROTO(&ip) != IPPROTO_UDP ||
	    !copy(packet, offset + IPH_HL_BYTES(&ip), &ports, sizeof(ports)))
		return 0;
	ip_addr_set_ip4_u32_val(local, ip.src.addr);
	ip_addr_set_ip4_u32_val(remote, ip.dest.addr);
	refuse(&local, &remote, &ports);
	return 0; /* lwIP goes on with it */
}

static u8_t icmp6_seen(void *unused, struct raw_pcb *pcb, struct pbuf *packet,
		       const ip_addr_t *from)
{
	size_t offset = ip_current_header_tot_len();
	ip_addr_t local, remote;
	struct ports ports;
	struct ip6_hdr ip;
	uint8_t type[2];

	(void)unused;
	(void)pcb;
	(void)from;
	if (!copy(packet, offset, type, sizeof(type)) || type[0] != ICMPV6_DEST_UNREACH ||
	    type[1] != ICMPV6_PORT_UNREACH)
		return 0;
	offset += HEADER_SIZE;
	if (!copy(packet, offset, &ip, sizeof(ip)) || IP6H_NEXTH(&ip) != IPPROTO_UDP ||
	    !copy(packet, offset + sizeof(ip), &ports, sizeof(ports)))
		return 0;
	ip_addr_copy_from_ip6_packed(local, ip.src);
	ip_addr_copy_from_ip6_packed(remote, ip.dest);
	refuse(&local, &remote, &ports);
	return 0;
}

void udp_errors_start(void)
{
	struct raw_pcb *icmp4 = raw_new_ip_type(IPADDR_TYPE_V4, IPPROTO_ICMP);
	struct raw_pcb *icmp6 = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);

	/* Without memory for them sockets just do not learn of these errors. */
	if (icmp4)
		raw_recv(icmp4, icmp4_seen, NULL);
	if (icmp6)
		raw_recv(icmp6, icmp6_seen, NULL);
}
