/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/net/tcp, tcp6, udp, udp6. What Linux keeps and lwIP does not know has a usual value. */
#include <drivers/host_channel.h>
#include <lib/printf.h>
#include <lwip/priv/tcp_priv.h>

#include "tables.h"
#include "tcp.h"
#include "udp.h"

#define TCP_WIDTH	149u
#define UDP_WIDTH	127u
#define ADDRESS_SIZE	40u /* of the text: 32 digits, colon, 4 digits */
#define TIME_WAIT_SLOTS (2 * TCP_MSL / TCP_SLOW_INTERVAL)
#define TICKS_A_SLOT	(TCP_SLOW_INTERVAL / 10) /* Linux's clock ticks (USER_HZ) */

/* What the columns that both protocols have show. */
struct row {
	const ip_addr_t *local, *peer;
	uint16_t local_port, peer_port;
	uint32_t state, send_queue, receive_queue, timer, timer_ticks, retransmits;
	const struct socket *socket; /* NULL: nobody's any more */
};

/* As Linux shows it: words as they lie in memory; IPv4 in IPv6 is mapped. */
static void write_address(char *text, const ip_addr_t *ip, uint16_t port, bool ip6)
{
	const uint32_t *words = ip_2_ip6(ip)->addr;

	if (!ip6)
		ksnprintf(text, ADDRESS_SIZE, "%08X:%04X", ip4_addr_get_u32(ip_2_ip4(ip)), port);
	else if (IP_IS_V6(ip))
		ksnprintf(text, ADDRESS_SIZE, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2],
			  words[3], port);
	else if (ip_addr_isany(ip))
		ksnprintf(text, ADDRESS_SIZE, "%032X:%04X", 0u, port);
	else
		ksnprintf(text, ADDRESS_SIZE, "%016X%08X%08X:%04X", 0u, lwip_htonl(0xffff),
			  ip4_addr_get_u32(ip_2_ip4(ip)), port);
}

static void put_row(struct table *table, const char *number, const struct row *row, bool ip6,
		    const char *rest)
{
	char local[ADDRESS_SIZE], peer[ADDRESS_SIZE];
	const struct host_hello *hello = host_hello();
	unsigned uid = row->socket && hello ? hello->fixed.uid : 0;

	write_address(local, row->local, row->local_port, ip6);
	write_address(peer, row->peer, row->peer_port, ip6);
	table_line(table,
		   "%s: %s %s %02X %08X:%08X %02X:%08X %08X %5u %8u %llu %u 0000000000000000%s",
		   number, local, peer, row->state, row->send_queue, row->receive_queue, row->timer,
		   row->timer_ticks, row->retransmits, uid, 0u,
		   (unsigned long long)(row->socket ? row->socket->number : 0),
		   row->socket ? 1u : 3u, rest);
}

/* Does a control block belong to the table of AF_INET6's sockets? */
static bool belongs(const struct socket *socket, const ip_addr_t *local, bool ip6)
{
	return (socket ? socket->family == AF_INET6 : IP_IS_V6(local)) == ip6;
}

static void put_tcp_row(struct table *table, const struct row *row, bool ip6, unsigned *count,
			const char *rest)
{
	char number[8];

	if (!belongs(row->socket, row->local, ip6))
		return;
	ksnprintf(number, sizeof(number), "%4u", (*count)++);
	put_row(table, number, row, ip6, rest);
}

static void put_listening(struct table *table, bool ip6, unsigned *count) REQUIRES(net_core)
{
	const struct tcp_pcb_listen *pcb;

	for (pcb = tcp_listen_pcbs.listen_pcbs; pcb; pcb = pcb->next) {
		const struct tcp_socket *tcp = pcb->callback_arg;
		struct row row = {
			.local = &pcb->local_ip,
			.peer = ip6 ? IP6_ADDR_ANY : IP4_ADDR_ANY,
			.local_port = pcb->local_port,
			.state = tcp_linux_state(LISTEN),
			.receive_queue = tcp ? atomic_load(&tcp->waiting) : 0,
			.socket = tcp ? &tcp->inet.socket : NULL,
		};

		put_tcp_row(table, &row, ip6, count, " 100 0 0 10 0");
	}
}

static void put_connections(struct table *table, bool ip6, const struct tcp_pcb *pcb,
			    unsigned *count) REQUIRES(net_core)
{
	for (; pcb; pcb = pcb->next) {
		const struct tcp_socket *tcp = pcb->callback_arg;
		bool embryo = pcb->state == SYN_RCVD; /* its argument is the listener */
		struct row row = {
			.local = &pcb->local_ip,
			.peer = &pcb->remote_ip,
			.local_port = pcb->local_port,
			.peer_port = pcb->remote_port,
			.state = tcp_linux_state(pcb->state),
			.send_queue = pcb->snd_lbb - pcb->lastack,
			.receive_queue = tcp && !embryo ? atomic_load(&tcp->available) : 0,
			.retransmits = pcb->nrtx,
			.socket = tcp && !embryo ? &tcp->inet.socket : NULL,
		};

		if (pcb->state == TIME_WAIT) {
			row.send_queue = 0;
			row.timer = 3;
			row.timer_ticks =
				(TIME_WAIT_SLOTS - MIN(tcp_ticks - pcb->tmr, TIME_WAIT_SLOTS)) *
				TICKS_A_SLOT;
		} else if (pcb->unacked) {
			row.timer = 1;
			row.timer_ticks = (uint32_t)MAX(pcb->rto - pcb->rtime, 0) * TICKS_A_SLOT;
		}
		put_tcp_row(table, &row, ip6, count,
			    pcb->state == TIME_WAIT ? "" : " 20 4 0 10 -1");
	}
}

void table_tcp(struct table *table, bool ip6)
{
	unsigned count = 0;

	if (ip6) {
		table_line(table,
			   "  sl  local_address                         remote_address       "
			   "                 st tx_queue rx_queue tr tm->when retrnsmt   uid  "
			   "timeout inode");
	} else {
		table->width = TCP_WIDTH;
		table_line(table, "  sl  local_address rem_address   st tx_queue rx_queue tr "
				  "tm->when retrnsmt   uid  timeout inode");
	}
	put_listening(table, ip6, &count);
	put_connections(table, ip6, tcp_active_pcbs, &count);
	put_connections(table, ip6, tcp_tw_pcbs, &count);
}

void table_udp(struct table *table, bool ip6)
{
	unsigned count = 0;
	char number[8];

	table->width = ip6 ? 0 : UDP_WIDTH;
	table_line(table,
		   ip6 ? "  sl  local_address                         remote_address         "
			 "               st tx_queue rx_queue tr tm->when retrnsmt   uid  "
			 "timeout inode ref pointer drops"
		       : "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
			 "retrnsmt   uid  timeout inode ref pointer drops");
	for (const struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
		const struct udp_socket *udp = pcb->recv_arg;
		bool connected = pcb->flags & UDP_FLAGS_CONNECTED;
		struct row row = {
			.local = &pcb->local_ip,
			.peer = connected ? &pcb->remote_ip
				: ip6	  ? IP6_ADDR_ANY
					  : IP4_ADDR_ANY,
			.local_port = pcb->local_port,
			.peer_port = connected ? pcb->remote_port : 0,
			.state = connected ? tcp_linux_state(ESTABLISHED) : tcp_linux_state(CLOSED),
		};

		if (pcb->recv != udp_received || !pcb->local_port)
			continue; /* DHCP's, or not bound */
		row.receive_queue = (uint32_t)udp->queued;
		row.socket = &udp->inet.socket;
		if (!belongs(row.socket, row.local, ip6))
			continue;
		ksnprintf(number, sizeof(number), "%5u", count++);
		put_row(table, number, &row, ip6, " 0");
	}
}
