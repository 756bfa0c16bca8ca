/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futexes (futex(2)): waiting for a 32-bit word of the application. PRIVATE says that the word is
 * used through one address only; without it a word of a shared mapping is known by its object, so
 * that it may be used through several. Task context, interrupts on. Results are futex(2)'s, with
 * negated errno; -EINTR where a signal has ended the wait (the caller chooses how it restarts).
 */
#ifndef SCHED_FUTEX_H
#define SCHED_FUTEX_H

#include <lib/compiler.h>
#include <lib/types.h>

#define FUTEX_ANY 0xffffffffu /* the bitset that matches all */

struct futex_deadline {
	uint64_t ns;   /* TIME_NEVER: none */
	bool realtime; /* of CLOCK_REALTIME, else monotonic */
};

/* Waits until woken, if *ADDRESS is VALUE. 0, -EAGAIN (another value), -ETIMEDOUT, -EINTR, -EFAULT.
 */
must_check long futex_wait(uintptr_t address, bool private, uint32_t value, uint32_t bitset,
			   const struct futex_deadline *deadline);

/* Wakes up to COUNT waiters that have a bit in common with BITSET: how many. */
must_check long futex_wake(uintptr_t address, bool private, uint32_t count, uint32_t bitset);

struct futex_requeue {
	uintptr_t from, to;
	bool private;
	uint32_t wake, requeue; /* how many at most */
	bool compare;		/* -EAGAIN unless *from is VALUE */
	uint32_t value;
};

/* Wakes some waiters and lets others wait at another word. How many were woken and moved. */
must_check long futex_requeue(const struct futex_requeue *request);

/* FUTEX_WAKE_OP: changes *SECOND as OPERATION says (linux/futex.h), wakes COUNT at FIRST, and
 * COUNT2 at SECOND when the old value compares. How many in all. */
must_check long futex_wake_op(uintptr_t first, uintptr_t second, bool private, uint32_t count,
			      uint32_t count2, uint32_t operation);

/* Priority inheritance: the word holds the owner's tid. */
must_check long futex_lock_pi(uintptr_t address, bool private, bool try,
			      const struct futex_deadline *deadline);
must_check long futex_unlock_pi(uintptr_t address, bool private);

/*
 * Condition variables with priority inheritance. Waits at ADDRESS, if it holds VALUE, for being
 * moved to the lock at LOCK by futex_requeue_pi; 0: the caller owns the lock. -EAGAIN, -ETIMEDOUT,
 * -EINTR: it does not, and was not moved yet; -EWOULDBLOCK also after a signal while it waited for
 * the lock.
 */
must_check long futex_wait_requeue_pi(uintptr_t address, uintptr_t lock, bool private,
				      uint32_t value, const struct futex_deadline *deadline);

/* Gives the lock at request->to to the first waiter, or lets it and up to request->requeue more
 * wait for it. How many. */
must_check long futex_requeue_pi(const struct futex_requeue *request);

/* The thread TID ends: marks the locks of its robust list at HEAD (in the application) as orphaned
 * and wakes a waiter of each. */
void futex_robust_exit(uintptr_t head, tid_t tid);

#endif /* SCHED_FUTEX_H */
