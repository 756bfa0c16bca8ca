/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeping lock for long sections that may block. Not recursive (asserted), not for interrupt
 * context. */
#ifndef SCHED_MUTEX_H
#define SCHED_MUTEX_H

#include <lib/thread_safety.h>
#include <sched/wait.h>

struct CAPABILITY("mutex") mutex {
	_Atomic uint32_t state; /* 0 free, 1 held, 2 held and someone may wait */
	struct task *owner;	/* for assertions */
	struct wait_queue queue;
};

void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex) ACQUIRES(mutex);
void mutex_unlock(struct mutex *mutex) RELEASES(mutex);
bool mutex_held(const struct mutex *mutex); /* by the current task */

#endif /* SCHED_MUTEX_H */
