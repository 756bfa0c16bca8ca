/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of the process, seen by its peers: Linux would close its sockets and go on sending what
 * they hold. Here the machine ends with the process, so it waits until the peers have acknowledged
 * everything; not for those that take nothing more.
 *
 * The other threads are gone, or do not end (process_exit) and may be reading from a socket: what
 * has been received stays where it is. The network task runs, and all state is under the core lock.
 */
#include <core/clock.h>
#include <lwip/priv/tcp_priv.h>
#include <net/net.h>
#include <sched/wait.h>

#include "stack.h"
#include "tcp.h"

#define STEP_NS	    NS_PER_MSEC
#define PATIENCE_NS NS_PER_SEC	      /* without an acknowledgement */
#define LIMIT_NS    (30 * NS_PER_SEC) /* together */

/* Ends the first socket that listens or has a connection. False: there is none. */
static bool end_one(void) REQUIRES(net_core)
{
	struct tcp_pcb *pcb = tcp_active_pcbs;

	if (tcp_listen_pcbs.listen_pcbs) {
		tcp_stop_listening(tcp_listen_pcbs.listen_pcbs->callback_arg);
		return true;
	}
	while (pcb && !pcb->callback_arg)
		pcb = pcb->next;
	if (!pcb)
		return false;
	tcp_end(pcb->callback_arg);
	return true;
}

/* Sequence numbers that peers have not acknowledged, with those of the FINs. */
static uint64_t unfinished(void) REQUIRES(net_core)
{
	const struct tcp_pcb *pcb;
	uint64_t sum = 0;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->state != SYN_SENT)
			sum += (u32_t)(pcb->snd_lbb - pcb->lastack);
	return sum;
}

static void end_all(void)
{
	net_lock();
	while (end_one())
		;
	net_unlock();
}

static uint64_t look(void)
{
	uint64_t left;

	net_lock();
	left = unfinished();
	net_unlock();
	return left;
}

void net_exit(void)
{
	uint64_t now = clock_monotonic_ns(), end = now + LIMIT_NS, patience = now + PATIENCE_NS;
	struct wait_queue nobody; /* wakes: a signal that is pending must not end the sleep */
	uint64_t before, left;

	if (!net_started())
		return;
	wait_queue_init(&nobody);
	end_all();
	for (left = look(); left && now < end && now < patience; now = clock_monotonic_ns()) {
		(void)wait_event(&nobody, WAIT_UNINTERRUPTIBLE, now + STEP_NS, false);
		before = left;
		left = look();
		if (left < before)
			patience = clock_monotonic_ns() + PATIENCE_NS;
	}
}
