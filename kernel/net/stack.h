/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lwIP under one lock. Whoever calls lwIP, or touches what its callbacks touch, holds the core
 * lock; lwIP asserts it (LWIP_ASSERT_CORE_LOCKED). Callbacks of lwIP run with it held.
 */
#ifndef NET_STACK_H
#define NET_STACK_H

#include <lib/thread_safety.h>
#include <lib/types.h>
#include <lwip/err.h>
#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>
#include <sched/mutex.h>

extern struct mutex net_core; /* take it by net_lock */

/* Task context; the holder may block. Not recursive. */
void net_lock(void) ACQUIRES(net_core);
/* Also delivers what was sent to this machine itself, and arms the timers that are needed now. */
void net_unlock(void) RELEASES(net_core);

/* Starts the stack if this is the first call. Before the first call of lwIP. 0 or -ENOMEM. */
must_check int net_start(void);

/* Is the stack running? */
bool net_started(void);

/* The largest TCP window that there is, by the machine's memory. */
extern uint32_t net_tcp_window_max;

/* The kernel's command line. */
const char *net_cmdline(void);

/* -errno of lwIP's error codes. */
int net_error(err_t error);

/* timers.c */
void net_timers_start(void) REQUIRES(net_core);
/* Called at the end of each section under the core lock. */
void net_timers_update(void) REQUIRES(net_core);
/* Frames or fragments come or go: keeps the timers of the interfaces' protocols running. */
void net_timers_link_activity(void) REQUIRES(net_core);
/* The network task has something to do besides timers. Any context. */
void net_task_wake(void);

#endif /* NET_STACK_H */
