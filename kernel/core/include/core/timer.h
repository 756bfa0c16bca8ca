/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel timers: callbacks at a deadline of monotonic time, kept per CPU in a red-black tree; the
 * CPU's one-shot hardware timer is armed for the earliest one only (no tick).
 *
 * Protocol: a timer belongs to the CPU that armed it (timer.cpu) and is guarded by that CPU's
 * timer_cpu.lock. The callback runs in interrupt context on that CPU with no lock held, after the
 * timer has left the tree, so it may arm it again. timer_cancel from any CPU: when it returns, the
 * callback neither runs nor will run (it waits for a callback that runs on another CPU), so the
 * caller must not hold a lock that the callback takes. Arming and cancelling of one timer are
 * ordered by its owner (the callback counts as the owner while it runs).
 *
 * A cancelled timer leaves the hardware as it is: the interrupt that may come finds nothing to do.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <core/spinlock.h>
#include <lib/rbtree.h>
#include <lib/types.h>

struct timer_cpu;

struct timer {
	struct rb_node node;
	uint64_t deadline_ns; /* monotonic */
	uint64_t realtime_ns; /* deadline of real time that deadline_ns follows, or TIME_NEVER */
	void (*callback)(struct timer *timer);
	struct timer_cpu *_Atomic cpu; /* where it was armed last, NULL: never */
	bool armed;		       /* it is in cpu's tree; guarded by cpu's lock */
};

struct timer_cpu {
	struct spinlock lock;
	struct rb_tree tree GUARDED_BY_MEMBER(lock);
	struct timer *running GUARDED_BY_MEMBER(lock); /* whose callback runs now */
	uint64_t armed_ns
		GUARDED_BY_MEMBER(lock); /* what the hardware is set to; TIME_NEVER: nothing */
};

void timer_init(struct timer *timer, void (*callback)(struct timer *timer));

/* Arms (or re-arms) TIMER on the executing CPU. A deadline in the past fires at once, by interrupt;
 * TIME_NEVER only disarms. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);

/* The same for a deadline of real time (ns since 1970): follows timer_realtime_changed. */
void timer_arm_realtime(struct timer *timer, uint64_t realtime_ns);

/* Real time was set: moves the deadlines of the real time timers of all CPUs. Any context. */
void timer_realtime_changed(void);

/* Returns true when the timer was armed and its callback did not run. */
bool timer_cancel(struct timer *timer);

/* Prepares the executing CPU's timer queue. */
void timer_cpu_init(struct timer_cpu *cpu);

/* The timer interrupt. */
void timer_interrupt(void);

/* Arms the executing CPU's hardware for its earliest timer; after a kick. Interrupts off. */
void timer_rearm(void);

#endif /* CORE_TIMER_H */
