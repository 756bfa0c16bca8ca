/* SPDX-License-Identifier: BSD-3-Clause */
/* Places where lwIP asks the rest of kernel/net. */
#ifndef NET_PORT_HOOKS_H
#define NET_PORT_HOOKS_H

#include <lwip/err.h>
#include <lwip/ip_addr.h>

struct netif;
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* The initial sequence number of a connection. */
u32_t net_tcp_isn(void);
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) net_tcp_isn()

/* A segment for PCB has arrived, with LENGTH bytes of options behind HEADER, those from LENGTH1 on
 * at OPTIONS2: ERR_OK, or it is dropped. */
err_t net_tcp_admit(struct tcp_pcb *pcb, struct tcp_hdr *header, u16_t length, u16_t length1,
		    u8_t *options2);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, length, length1, options2, p)                      \
	net_tcp_admit(pcb, header, length, length1, options2)

/* PACKET has come in through NETIF (netif_info.c). 0. */
int net_seen(struct pbuf *packet, struct netif *netif);
#define LWIP_HOOK_IP4_INPUT(packet, netif) net_seen(packet, netif)
#define LWIP_HOOK_IP6_INPUT(packet, netif) net_seen(packet, netif)

/* A name server that DHCP has named (netif.c). */
void dns_setserver(u8_t number, const ip_addr_t *server);

#endif /* NET_PORT_HOOKS_H */
