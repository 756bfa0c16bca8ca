/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of level IPPROTO_TCP (tcp(7)). What lwIP has no use for is kept and shown again. */
#include <asm/errno.h>
#include <asm/socket.h>
#include <lib/string.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <lwip/priv/tcp_priv.h>

#include "tcp.h"

#define KEEP_IDLE_S	7200u
#define KEEP_INTERVAL_S 75u
#define KEEP_COUNT	9u
#define SYN_COUNT	6u
#define LINGER2_S	60
#define MSS_DEFAULT	536

void tcp_options_init(struct tcp_options *options)
{
	*options = (struct tcp_options){
		.quickack = true,
		.keep_idle_s = KEEP_IDLE_S,
		.keep_interval_s = KEEP_INTERVAL_S,
		.keep_count = KEEP_COUNT,
		.syn_count = SYN_COUNT,
		.linger2_s = LINGER2_S,
	};
}

void tcp_options_apply(struct tcp_socket *tcp, struct tcp_pcb *pcb)
{
	const struct tcp_options *options = &tcp->options;

	if (tcp_state(tcp) == TCP_LISTENING)
		return;
	if (options->nodelay)
		tcp_nagle_disable(pcb);
	else
		tcp_nagle_enable(pcb);
	pcb->keep_idle = options->keep_idle_s * 1000;
	pcb->keep_intvl = options->keep_interval_s * 1000;
	pcb->keep_cnt = options->keep_count;
}

/* The number that option NAME is kept in, with its bounds, or NULL. */
static uint32_t *number_of(struct tcp_options *options, int name, int *least, int *most)
{
	*least = 0;
	*most = INT32_MAX;
	switch (name) {
	case TCP_KEEPIDLE:
		*least = 1;
		*most = 32767;
		return &options->keep_idle_s;
	case TCP_KEEPINTVL:
		*least = 1;
		*most = 32767;
		return &options->keep_interval_s;
	case TCP_KEEPCNT:
		*least = 1;
		*most = 127;
		return &options->keep_count;
	case TCP_SYNCNT:
		*least = 1;
		*most = 127;
		return &options->syn_count;
	case TCP_DEFER_ACCEPT:
		return &options->defer_accept_s;
	case TCP_USER_TIMEOUT:
		return &options->user_timeout_ms;
	case TCP_WINDOW_CLAMP:
		return &options->window_clamp;
	case TCP_NOTSENT_LOWAT:
		return &options->notsent_low;
	case TCP_FASTOPEN:
		return &options->fast_open;
	default:
		return NULL;
	}
}

static int set_number(struct tcp_options *options, int name, int value)
{
	int least, most;
	uint32_t *number = number_of(options, name, &least, &most);

	if (!number)
		return -ENOPROTOOPT;
	if (value < least || value > most)
		return -EINVAL;
	*number = (uint32_t)value;
	return 0;
}

static int set_locked(struct tcp_socket *tcp, int name, int value) REQUIRES(net_core)
{
	struct tcp_options *options = &tcp->options;

	switch (name) {
	case TCP_NODELAY:
		options->nodelay = value;
		return 0;
	case TCP_CORK:
		options->cork = value;
		return 0;
	case TCP_QUICKACK:
		options->quickack = value;
		return 0;
	case TCP_LINGER2:
		options->linger2_s = value < 0 ? -1 : value;
		return 0;
	case TCP_MAXSEG:
		if (value && (value < 88 || value > 32767))
			return -EINVAL;
		options->max_segment = (uint32_t)value;
		return 0;
	default:
		return set_number(options, name, value);
	}
}

static int set_tcp(struct tcp_socket *tcp, int name, int value) REQUIRES(net_core)
{
	int error = set_locked(tcp, name, value);
	struct tcp_pcb *pcb = tcp_pcb_of(tcp);

	if (error || !pcb || tcp_state(tcp) == TCP_LISTENING)
		return error;
	tcp_options_apply(tcp, pcb);
	if ((name == TCP_NODELAY && value) || (name == TCP_CORK && !value))
		tcp_output(pcb);
	return 0;
}

static int set_congestion(const char *value, size_t size)
{
	if (strnlen(value, size) == 4 && !memcmp(value, "reno", 4))
		return 0;
	return -ENOENT;
}

int tcp_option_set(struct socket *socket, int level, int name, const void *value, size_t size)
{
	struct tcp_socket *tcp = tcp_of(socket);
	int number, error;

	if (level != IPPROTO_TCP)
		return inet_option_set(&tcp->inet, level, name, value, size);
	if (name == TCP_CONGESTION)
		return size ? set_congestion(value, size) : -EINVAL;
	error = socket_option_int(value, size, &number);
	if (error)
		return error;
	net_lock();
	error = set_tcp(tcp, name, number);
	net_unlock();
	return error;
}

void tcp_options_changed(struct socket *socket)
{
	struct tcp_socket *tcp = tcp_of(socket);

	net_lock();
	if (tcp->inet.pcb)
		inet_apply(&tcp->inet, tcp->inet.pcb);
	tcp_update_space(tcp);
	tcp_window_update(tcp);
	net_unlock();
}

uint8_t tcp_linux_state(enum tcp_state state)
{
	static const uint8_t states[] = {
		/* net/tcp_states.h */
		[CLOSED] = 7,	   [LISTEN] = 10,    [SYN_SENT] = 2,   [SYN_RCVD] = 3,
		[ESTABLISHED] = 1, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8,
		[CLOSING] = 11,	   [LAST_ACK] = 9,   [TIME_WAIT] = 6,
	};

	return states[state];
}

static void fill_info(struct tcp_socket *tcp, struct tcp_info *info) REQUIRES(net_core)
{
	const struct tcp_pcb *pcb = tcp_pcb_of(tcp);
	uint32_t rtt_us;

	memset(info, 0, sizeof(*info));
	info->tcpi_state = tcp_linux_state(pcb ? pcb->state : CLOSED);
	if (tcp_state(tcp) == TCP_LISTENING) {
		info->tcpi_unacked = atomic_load(&tcp->waiting);
		info->tcpi_sacked = tcp->backlog;
		return;
	}
	if (!pcb)
		return;
	rtt_us = (uint32_t)(pcb->sa > 0 ? pcb->sa >> 3 : 0) * TCP_SLOW_INTERVAL * 1000u;
	info->tcpi_retransmits = pcb->nrtx;
	info->tcpi_rto = (uint32_t)pcb->rto * TCP_SLOW_INTERVAL * 1000u;
	info->tcpi_options = TCPI_OPT_SACK | (pcb->flags & TF_WND_SCALE ? TCPI_OPT_WSCALE : 0u);
	info->tcpi_snd_wscale = pcb->snd_scale & 0xf;
	info->tcpi_rcv_wscale = pcb->rcv_scale & 0xf;
	info->tcpi_snd_mss = info->tcpi_rcv_mss = info->tcpi_advmss = pcb->mss;
	info->tcpi_pmtu = pcb->mss + 40u;
	info->tcpi_rtt = rtt_us;
	info->tcpi_rttvar = (uint32_t)(pcb->sv > 0 ? pcb->sv >> 2 : 0) * TCP_SLOW_INTERVAL * 1000u;
	info->tcpi_snd_cwnd = pcb->mss ? pcb->cwnd / pcb->mss : 0;
	info->tcpi_snd_ssthresh = pcb->mss ? pcb->ssthresh / pcb->mss : 0;
	info->tcpi_unacked = pcb->mss ? (pcb->snd_nxt - pcb->lastack + pcb->mss - 1) / pcb->mss : 0;
	info->tcpi_rcv_space = pcb->rcv_wnd;
	info->tcpi_notsent_bytes = pcb->snd_lbb - pcb->snd_nxt;
}

static int get_number(struct tcp_socket *tcp, int name, int *out) REQUIRES(net_core)
{
	const struct tcp_pcb *pcb = tcp_pcb_of(tcp);
	struct tcp_options *options = &tcp->options;
	const uint32_t *number;
	int least, most;

	switch (name) {
	case TCP_NODELAY:
		*out = options->nodelay;
		return 0;
	case TCP_CORK:
		*out = options->cork;
		return 0;
	case TCP_QUICKACK:
		*out = options->quickack;
		return 0;
	case TCP_LINGER2:
		*out = options->linger2_s;
		return 0;
	case TCP_MAXSEG:
		*out = pcb && tcp_state(tcp) == TCP_CONNECTED ? pcb->mss : MSS_DEFAULT;
		if (options->max_segment && tcp_state(tcp) != TCP_CONNECTED)
			*out = (int)options->max_segment;
		return 0;
	default:
		number = number_of(options, name, &least, &most);
		if (!number)
			return -ENOPROTOOPT;
		*out = (int)*number;
		return 0;
	}
}

int tcp_option_get(struct socket *socket, int level, int name, void *value, size_t *size)
{
	struct tcp_socket *tcp = tcp_of(socket);
	char congestion[16] = "reno";
	struct tcp_info info;
	int number, error;

	if (level != IPPROTO_TCP)
		return inet_option_get(&tcp->inet, level, name, value, size);
	if (name == TCP_CONGESTION)
		return socket_option_return(value, size, congestion, sizeof(congestion));
	net_lock();
	if (name == TCP_INFO) {
		fill_info(tcp, &info);
		error = 0;
	} else {
		error = get_number(tcp, name, &number);
	}
	net_unlock();
	if (error)
		return error;
	if (name == TCP_INFO)
		return socket_option_return(value, size, &info, sizeof(info));
	return socket_option_return(value, size, &number, sizeof(number));
}
