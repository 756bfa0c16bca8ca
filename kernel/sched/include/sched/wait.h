/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait queues: how every blocking operation of the kernel waits.
 *
 * Protocol (no lost wake-up): the waiter (1) enters the queue and marks itself blocked
 * (wait_prepare), (2) checks its condition, (3) blocks (wait_block), (4) leaves the queue
 * (wait_finish), and repeats. A waker first makes the condition true, then calls wait_queue_wake.
 * Whoever comes between (1) and (3) marks the waiter runnable again, so that (3) returns at once.
 * wait_event() does all of it.
 *
 * Context: task context, interrupts on, no spinlock held. wait_queue_wake: any context.
 */
#ifndef SCHED_WAIT_H
#define SCHED_WAIT_H

#include <core/spinlock.h>
#include <lib/list.h>
#include <lib/types.h>

struct task;

struct wait_queue {
	struct spinlock lock;
	struct list waiters GUARDED_BY_MEMBER(lock);
};

struct waiter {
	struct list_node node; /* in wait_queue.waiters, guarded by its lock */
	struct wait_queue *queue;
	struct task *task;
	void (*notify)(
		struct waiter *waiter); /* instead of waking TASK (poll); with the lock held */
};

#define WAIT_UNINTERRUPTIBLE 0u
#define WAIT_INTERRUPTIBLE   1u /* a signal ends the wait with -EINTR */

void wait_queue_init(struct wait_queue *queue);

/* (1): enters QUEUE and marks the current task blocked. FLAGS: WAIT_*. */
void wait_prepare(struct wait_queue *queue, struct waiter *waiter, unsigned flags);

/* (3): 0 when woken, -ETIMEDOUT when DEADLINE_NS (monotonic) has passed, -EINTR on a signal
 * (interruptible waits only). The task is runnable again afterwards. */
int wait_block(uint64_t deadline_ns);

/* (4): leaves the queue; also cancels a wait_prepare that was not followed by wait_block. */
void wait_finish(struct waiter *waiter);

/* Wakes up to COUNT waiters, oldest first; they stay in the queue until they leave it themselves,
 * but are moved behind those not woken yet. Returns how many. */
unsigned wait_queue_wake(struct wait_queue *queue, unsigned count);
#define WAIT_ALL UINT32_MAX

/* For poll: entered without blocking; NOTIFY is called at each wake. */
void wait_queue_add(struct wait_queue *queue, struct waiter *waiter,
		    void (*notify)(struct waiter *waiter));
void wait_queue_remove(struct waiter *waiter);

/* Waits until CONDITION holds: 0, or -ETIMEDOUT, or -EINTR. CONDITION is evaluated several times
 * and may take locks, but not block. */
#define wait_event(queue, flags, deadline_ns, condition)                                           \
	({                                                                                         \
		struct waiter waiter_ = {0};                                                       \
		int wait_result_ = 0;                                                              \
		for (;;) {                                                                         \
			wait_prepare(queue, &waiter_, flags);                                      \
			if (condition) {                                                           \
				wait_result_ = 0;                                                  \
				break;                                                             \
			}                                                                          \
			if (wait_result_)                                                          \
				break;                                                             \
			wait_result_ = wait_block(deadline_ns);                                    \
			wait_finish(&waiter_);                                                     \
		}                                                                                  \
		wait_finish(&waiter_);                                                             \
		wait_result_;                                                                      \
	})

#endif /* SCHED_WAIT_H */
