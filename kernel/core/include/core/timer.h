/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel timers: callbacks at a deadline of monotonic time, kept per CPU in a red-black tree; the
 * CPU's one-shot hardware timer is armed for the earliest one only (no tick).
 *
 * Protocol: a timer belongs to the CPU that armed it (timer.cpu) and is guarded by that CPU's
 * timer_cpu.lock. The callback runs in interrupt context on that CPU with no lock held, after the
 * timer has left the tree, so it may arm it again. timer_cancel from any CPU: when it returns, the
 * callback neither runs nor will run (it waits for a callback that runs on another CPU), so the
 * caller must not hold a lock that the callback takes.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <core/spinlock.h>
#include <lib/rbtree.h>
#include <lib/types.h>

struct timer {
	struct rb_node node;
	uint64_t deadline_ns;
	void (*callback)(struct timer *timer);
	struct timer_cpu *cpu; /* where it is armed, NULL: not armed */
};

struct timer_cpu {
	struct spinlock lock;
	struct rb_tree tree GUARDED_BY(lock);
	struct timer *running GUARDED_BY(lock); /* whose callback runs now */
	uint64_t armed_ns GUARDED_BY(lock); /* what the hardware is set to; TIME_NEVER: nothing */
};

void timer_init(struct timer *timer, void (*callback)(struct timer *timer));

/* Arms (or re-arms) TIMER on the executing CPU. A deadline in the past fires at once, by interrupt.
 */
void timer_arm(struct timer *timer, uint64_t deadline_ns);

/* Returns true when the timer was armed and its callback did not run. */
bool timer_cancel(struct timer *timer);

/* Prepares the executing CPU's timer queue. */
void timer_cpu_init(struct timer_cpu *cpu);

/* The timer interrupt. */
void timer_interrupt(void);

#endif /* CORE_TIMER_H */
