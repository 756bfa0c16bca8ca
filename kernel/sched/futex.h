/* SPDX-License-Identifier: BSD-3-Clause */
/* What futex.c, futex_pi.c and futex_requeue_pi.c share. */
#ifndef SCHED_FUTEX_INTERNAL_H
#define SCHED_FUTEX_INTERNAL_H

#include <core/spinlock.h>
#include <lib/compiler.h>
#include <lib/list.h>
#include <lib/types.h>
#include <sched/futex.h>
#include <stdatomic.h>

/* What a futex is known by: object and offset, or 0 and the address. */
struct futex_key {
	uintptr_t object;
	uint64_t offset;
};

struct futex_bucket {
	struct spinlock lock;
	struct list waiters; /* struct futex_waiter, oldest first */
} cacheline_aligned;

struct futex_waiter {
	struct list_node node;
	struct futex_bucket *_Atomic bucket; /* where it waits; NULL: woken, or moved to a lock */
	struct futex_key key;
	uint32_t bitset;
	struct task *task;
	struct pi_waiter
		*pi; /* of futex_wait_requeue_pi: for the lock that it is to get, or NULL */
	struct futex_key pi_key;
};

/* A thread that waits for a lock with priority inheritance; pi_lock. */
struct pi_waiter {
	struct list_node node; /* in the state's waiters; unlinked: the lock is its */
	struct pi_state *state;
	struct task *task;
};

static inline bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
	return a->object == b->object && a->offset == b->offset;
}

static inline unsigned futex_hash(const struct futex_key *key, unsigned bits)
{
	uint64_t mix = (key->offset >> 2) ^ (key->object << 7);

	return (unsigned)((mix * 0x9e3779b97f4a7c15ull) >> (64 - bits));
}

/* Key of the word at ADDRESS. 0, -EINVAL (not aligned) or -EFAULT. May block. */
must_check int futex_key_of(uintptr_t address, bool private, struct futex_key *key);

/* Makes the word at ADDRESS accessible for writing. 0 or -EFAULT. May block. */
must_check int futex_fault_in(uintptr_t address);

/*
 * Compare-exchange that does not block; a spinlock is held. 1: done, 0: *EXPECTED was not the value
 * and now is, -EFAULT: not accessible now (futex_fault_in, then again).
 */
must_check int futex_cmpxchg(uintptr_t address, uint32_t *expected, uint32_t desired);

/* futex.c */

struct futex_bucket *futex_bucket_of(const struct futex_key *key);

/* Enters the bucket if *ADDRESS is VALUE, and marks the current task blocked. 0, -EAGAIN, -EFAULT.
 */
must_check int futex_enter(struct futex_waiter *waiter, uintptr_t address, uint32_t value);

/* Takes WAITER off its list; false when it has been woken. */
bool futex_leave(struct futex_waiter *waiter);

/* Woken by something else, or by a waker that is not through yet: marks the task blocked again;
 * false when it has been woken. */
bool futex_block_again(struct futex_waiter *waiter);

/* Takes WAITER off the list and wakes it. Bucket locked. WAITER is gone on return. */
void futex_wake_waiter(struct futex_waiter *waiter);

/* futex_pi.c */

/*
 * Takes the lock at ADDRESS for WAITER's task, or makes it wait for it. 0: taken; 1: it waits;
 * -EFAULT: not accessible now; or another error. With a bucket locked.
 */
must_check int pi_lock_proxy(uintptr_t address, const struct futex_key *key,
			     struct pi_waiter *waiter);

/* The current task sleeps until WAITER owns the lock it waits for: 0, or it gives up: -ETIMEDOUT,
 * -EINTR. ENDED: the result of a wait that has just ended, or 1. */
must_check long pi_wait(struct pi_waiter *waiter, const struct futex_deadline *deadline, int ended);

#endif /* SCHED_FUTEX_INTERNAL_H */
