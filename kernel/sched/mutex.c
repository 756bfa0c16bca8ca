/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sleeping locks. The state word alone decides who owns the mutex; the queue only serves waiting.
 * A waiter announces itself by state 2 before it blocks, so that the owner's release sees it; it
 * takes the lock with state 2, as it cannot know whether others wait.
 */
#include <lib/assert.h>
#include <sched/mutex.h>

#include "internal.h"

void mutex_init(struct mutex *mutex)
{
	atomic_store_explicit(&mutex->state, 0, memory_order_relaxed);
	mutex->owner = NULL;
	wait_queue_init(&mutex->queue);
}

static bool take_contended(struct mutex *mutex)
{
	return atomic_exchange_explicit(&mutex->state, 2, memory_order_acquire) == 0;
}

void mutex_lock(struct mutex *mutex) NO_THREAD_SAFETY
{
	uint32_t free = 0;

	ASSERT(mutex->owner != task_current());
	if (!atomic_compare_exchange_strong_explicit(&mutex->state, &free, 1, memory_order_acquire,
						     memory_order_relaxed)) {
		int result = wait_event(&mutex->queue, WAIT_UNINTERRUPTIBLE, TIME_NEVER,
					take_contended(mutex));
		ASSERT(!result);
	}
	mutex->owner = task_current();
}

void mutex_unlock(struct mutex *mutex) NO_THREAD_SAFETY
{
	ASSERT(mutex->owner == task_current());
	mutex->owner = NULL;
	if (atomic_exchange_explicit(&mutex->state, 0, memory_order_release) == 2)
		wait_queue_wake(&mutex->queue, 1);
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex->owner == task_current();
}
