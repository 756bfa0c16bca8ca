/* SPDX-License-Identifier: BSD-3-Clause */
/* SO_REUSEPORT: sockets that share an address share what comes in, by whom it comes from. */
#ifndef NET_SHARE_H
#define NET_SHARE_H

#include "tcp.h"
#include "udp.h"

/* Which of the sockets that share TCP's address gets the connection from FROM, PORT. */
struct tcp_socket *tcp_share(struct tcp_socket *tcp, const ip_addr_t *from, uint16_t port)
	REQUIRES(net_core);
/* Which of the sockets that share UDP's address gets the datagram. */
struct udp_socket *udp_share(struct udp_socket *udp, const ip_addr_t *from, uint16_t port)
	REQUIRES(net_core);

#endif /* NET_SHARE_H */
