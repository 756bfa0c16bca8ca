/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SO_RCVBUF and TCP's window. lwIP takes the largest window from TCP_WND, which is a variable here
 * (net_tcp_window): before lwIP works on a connection it is set to that connection's. As Linux
 * does, half of what SO_RCVBUF shows is the window: what the program asked for.
 */
#include <lwip/priv/tcp_priv.h>

#include "tcp.h"

static uint32_t window_of(const struct tcp_socket *tcp)
{
	const struct socket_options *options = &tcp->inet.socket.options;

	return options->receive_buffer_set ? MIN(options->receive_buffer / 2, net_tcp_window_max)
					   : net_tcp_window_max;
}

void tcp_window_use(const struct tcp_socket *tcp, const struct tcp_pcb *pcb)
{
	if (!tcp)
		net_tcp_window = net_tcp_window_max;
	else
		net_tcp_window = tcp_state(tcp) == TCP_LISTENING ? window_of(tcp) : tcp->window;
	if (!pcb || (pcb->state != SYN_SENT && pcb->state != SYN_RCVD) || pcb->flags & TF_WND_SCALE)
		return;
	/* The peer has been told of the window, and lwIP insists on it, until scaling begins. */
	net_tcp_window = pcb->rcv_wnd < UINT16_MAX ? pcb->rcv_wnd
						   : MAX(net_tcp_window, (uint32_t)UINT16_MAX);
}

void tcp_window_begin(struct tcp_socket *tcp)
{
	tcp->window = window_of(tcp);
	tcp_window_use(tcp, NULL);
}

void tcp_window_open(struct tcp_socket *tcp, size_t size)
{
	struct tcp_pcb *pcb = tcp_pcb_of(tcp);

	tcp_window_use(tcp, NULL);
	while (pcb && size) {
		size_t part = MIN(size, (size_t)UINT16_MAX);

		tcp_recved(pcb, (u16_t)part);
		size -= part;
	}
}

void tcp_window_update(struct tcp_socket *tcp)
{
	const struct tcp_pcb *pcb = tcp_pcb_of(tcp);
	size_t most, used;

	if (!pcb || tcp_state(tcp) != TCP_CONNECTED)
		return;
	tcp->window = MAX(tcp->window, MAX(window_of(tcp), pcb->rcv_wnd));
	tcp_window_use(tcp, NULL);
	most = TCP_WND_MAX(pcb);
	used = (size_t)pcb->rcv_wnd + atomic_load(&tcp->available);
	if (used < most)
		tcp_window_open(tcp, most - used);
}
