/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lwIP's timers without a tick, and the network task that runs them.
 *
 * lwIP wants some functions called at fixed intervals (lwip_cyclic_timers). Each is called only as
 * long as it has something to do:
 *  - TCP's (every 250 ms) while a connection waits for an acknowledgement, a delayed
 *    acknowledgement is due, a closing state runs out ... When all connections are at rest it stops
 *    until the next section under the core lock, or until the first TIME_WAIT ends. TCP counts time
 *    in ticks of 500 ms: those that were left out are added when it goes on.
 *  - those of ARP, neighbour discovery, reassembly (every second or more seldom): for
 *    LINK_ACTIVE_NS after the last frame. When they go on, the rounds that were left out are made
 *    up for.
 *  - that of leases (every minute) while DHCP has given an address, which has to be renewed however
 *    silent the application is.
 *  - those of multicast reports and of DHCP's requests (100 ms, 500 ms): while one is due.
 *
 * All state is under the core lock, but the task's wake flag.
 */
#include <core/clock.h>
#include <core/panic.h>
#include <core/timer.h>
#include <lib/assert.h>
#include <lwip/dhcp.h>
#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/timeouts.h>
#include <sched/task.h>

#include "netif.h"
#include "stack.h"

#define CYCLES_MAX     12u
#define TCP_CYCLE      0u /* its place in lwip_cyclic_timers */
#define TICK_NS	       (TCP_SLOW_INTERVAL * NS_PER_MSEC)
#define LINK_ACTIVE_NS (30 * NS_PER_SEC)
#define TIME_WAIT_MAX  512u
#define MAKE_UP_MAX    600ul /* rounds */

static uint64_t due_ns[CYCLES_MAX] GUARDED_BY(net_core);
static uint64_t tcp_seen_ns GUARDED_BY(net_core); /* up to when tcp_ticks counts */
static bool tcp_at_rest GUARDED_BY(net_core);
static uint64_t link_seen_ns GUARDED_BY(net_core); /* the last frame */
static uint64_t link_ran_ns GUARDED_BY(net_core);  /* the last round of the links' timers */
static bool link_stopped GUARDED_BY(net_core);
static bool fast_stopped GUARDED_BY(net_core); /* one of the fast timers */
static bool only_ticking GUARDED_BY(net_core); /* the task, and nothing has come in */
static uint64_t armed_ns GUARDED_BY(net_core) = TIME_NEVER;
static bool due_changed GUARDED_BY(net_core);

static struct timer task_timer;
static struct wait_queue task_queue;
static _Atomic bool task_wanted;

void net_task_wake(void)
{
	atomic_store_explicit(&task_wanted, true, memory_order_release);
	wait_queue_wake(&task_queue, 1);
}

static void timer_fired(struct timer *timer)
{
	(void)timer;
	net_task_wake();
}

static uint64_t interval_ns(unsigned cycle)
{
	return lwip_cyclic_timers[cycle].interval_ms * NS_PER_MSEC;
}

/* Has PCB anything that only time brings on? */
static bool connection_waits(const struct tcp_pcb *pcb)
{
	if (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT)
		return true;
	return pcb->unacked || pcb->unsent || pcb->ooseq || pcb->refused_data ||
	       pcb->persist_backoff || ip_get_option(pcb, SOF_KEEPALIVE) ||
	       tcp_is_flag_set(pcb, TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND | TF_FIN | TF_RTO);
}

/* When TCP's timer has to be called again: TIME_NEVER when nothing waits for it. */
static uint64_t tcp_next(uint64_t now) REQUIRES(net_core)
{
	const struct tcp_pcb *pcb;
	uint64_t next = TIME_NEVER;

	tcp_at_rest = false;
	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (connection_waits(pcb))
			return now + interval_ns(TCP_CYCLE);
	tcp_at_rest = true;
	for (pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
		u32_t age = tcp_ticks - pcb->tmr, life = 2 * TCP_MSL / TCP_SLOW_INTERVAL + 1;

		next = MIN(next, now + (age < life ? (life - age) * TICK_NS : 0));
	}
	return next;
}

/* Ticks that were left out at rest. */
static void tcp_make_up(uint64_t now) REQUIRES(net_core)
{
	if (!tcp_at_rest)
		return;
	tcp_ticks += (u32_t)((now - tcp_seen_ns) / TICK_NS);
	tcp_at_rest = false;
}

/* Ends the oldest connections in TIME_WAIT beyond TIME_WAIT_MAX (the list has the youngest first):
 * lwIP looks through all of them for each new one. */
static void trim_time_wait(void) REQUIRES(net_core)
{
	struct tcp_pcb *pcb = tcp_tw_pcbs;

	for (unsigned i = 1; pcb && i < TIME_WAIT_MAX; i++)
		pcb = pcb->next;
	while (pcb && pcb->next)
		tcp_abort(pcb->next);
}

static void tcp_run(uint64_t now) REQUIRES(net_core)
{
	if (tcp_at_rest) {
		tcp_make_up(now);
		tcp_slowtmr(); /* ends what has run out, at once */
	}
	tcp_tmr();
	trim_time_wait();
	netif_poll_all(); /* what that has sent to ourselves */
	tcp_seen_ns = now;
	due_ns[TCP_CYCLE] = tcp_next(now);
}

/* One of the timers of less than a second? */
static bool is_fast(lwip_cyclic_timer_handler handler)
{
	return handler == igmp_tmr || handler == mld6_tmr || handler == dhcp_fine_tmr;
}

/* Does the fast timer HANDLER have nothing to do, until frames come or go? */
static bool fast_at_rest(lwip_cyclic_timer_handler handler) REQUIRES(net_core)
{
	const struct netif *netif;

	if (!is_fast(handler))
		return false;
	NETIF_FOREACH(netif)
	{
		const struct igmp_group *group4 = netif_igmp_data(netif);
		const struct mld_group *group6 = netif_mld6_data(netif);
		const struct dhcp *dhcp = netif_dhcp_data(netif);

		for (; handler == igmp_tmr && group4; group4 = group4->next)
			if (group4->timer)
				return false;
		for (; handler == mld6_tmr && group6; group6 = group6->next)
			if (group6->timer)
				return false;
		if (handler == dhcp_fine_tmr && dhcp && dhcp->request_timeout)
			return false;
	}
	return true;
}

/* Is HANDLER the one that renews leases, and is there one? */
static bool lease_runs(lwip_cyclic_timer_handler handler) REQUIRES(net_core)
{
	const struct netif *netif;

	if (handler != dhcp_coarse_tmr)
		return false;
	NETIF_FOREACH(netif)
	{
		if (dhcp_supplied_address(netif))
			return true;
	}
	return false;
}

static void link_run(unsigned cycle, uint64_t now) REQUIRES(net_core)
{
	lwip_cyclic_timer_handler handler = lwip_cyclic_timers[cycle].handler;

	handler();
	if (fast_at_rest(handler)) {
		due_ns[cycle] = TIME_NEVER;
		fast_stopped = true;
		return;
	}
	if (lease_runs(handler)) {
		due_ns[cycle] = now + interval_ns(cycle);
		return;
	}
	link_ran_ns = now;
	if (now - link_seen_ns < LINK_ACTIVE_NS || netif_configuring()) {
		due_ns[cycle] = now + interval_ns(cycle);
	} else {
		due_ns[cycle] = TIME_NEVER;
		link_stopped = true;
	}
}

void net_timers_link_activity(void)
{
	uint64_t now = clock_monotonic_ns();

	link_seen_ns = now;
	if (!link_stopped && !fast_stopped)
		return;
	due_changed = true;
	for (unsigned cycle = TCP_CYCLE + 1; cycle < (unsigned)lwip_num_cyclic_timers; cycle++) {
		lwip_cyclic_timer_handler handler = lwip_cyclic_timers[cycle].handler;
		uint64_t rounds = MIN((now - link_ran_ns) / interval_ns(cycle), MAKE_UP_MAX);

		if (due_ns[cycle] != TIME_NEVER)
			continue;
		/* A fast timer had nothing to do; what is due now has only begun. */
		for (; rounds && !is_fast(handler); rounds--)
			handler();
		due_ns[cycle] = now + interval_ns(cycle);
	}
	link_stopped = fast_stopped = false;
}

/* Arms the timer for what is due first. */
static void arm(void) REQUIRES(net_core)
{
	uint64_t first = TIME_NEVER;

	if (!due_changed)
		return;
	due_changed = false;
	for (unsigned cycle = 0; cycle < (unsigned)lwip_num_cyclic_timers; cycle++)
		first = MIN(first, due_ns[cycle]);
	if (first >= armed_ns)
		return;
	armed_ns = first;
	timer_arm(&task_timer, first);
}

void net_timers_update(void)
{
	if (tcp_at_rest && !only_ticking && (tcp_active_pcbs || tcp_tw_pcbs)) {
		uint64_t now = clock_monotonic_ns();

		tcp_make_up(now);
		tcp_seen_ns = now;
		due_ns[TCP_CYCLE] = now + interval_ns(TCP_CYCLE);
		due_changed = true;
	}
	arm();
	only_ticking = false;
}

static void run_due(void) REQUIRES(net_core)
{
	uint64_t now = clock_monotonic_ns();

	armed_ns = TIME_NEVER;
	due_changed = true;
	only_ticking = true;
	for (unsigned cycle = 0; cycle < (unsigned)lwip_num_cyclic_timers; cycle++) {
		if (due_ns[cycle] > now)
			continue;
		if (cycle == TCP_CYCLE)
			tcp_run(now);
		else
			link_run(cycle, now);
	}
}

static void round(void)
{
	net_lock();
	run_due();
	if (netif_serve())
		only_ticking = false;
	net_unlock();
}

static void task_main(void *unused)
{
	(void)unused;
	for (;;) {
		(void)wait_event(&task_queue, WAIT_UNINTERRUPTIBLE, TIME_NEVER,
				 atomic_exchange(&task_wanted, false));
		round();
	}
}

void net_timers_start(void)
{
	ASSERT((unsigned)lwip_num_cyclic_timers <= CYCLES_MAX);
	for (unsigned cycle = 0; cycle < CYCLES_MAX; cycle++)
		due_ns[cycle] = TIME_NEVER;
	tcp_at_rest = true;
	link_stopped = true;
	tcp_seen_ns = link_ran_ns = clock_monotonic_ns();
	timer_init(&task_timer, timer_fired);
	wait_queue_init(&task_queue);
	if (task_create_kernel("net", TASK_PRIORITY_KERNEL, task_main, NULL))
		panic("net: no memory for the network task");
}

/* lwIP starts its timers; they start by themselves here. */
void sys_timeouts_init(void)
{
}
