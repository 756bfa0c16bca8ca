/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: a waiter of a condition variable becomes a waiter
 * of a lock with priority inheritance without running in between.
 *
 * Locks: the bucket of the condition variable, then pi_lock. A waiter that is moved enters the
 * lock's queue, leaves the bucket, and last its bucket becomes NULL: from then on pi_lock alone
 * decides what becomes of it. It is woken when the lock is its.
 */
#include <arch/user.h>
#include <asm/errno.h>

#include "futex.h"
#include "internal.h"

long futex_wait_requeue_pi(uintptr_t address, uintptr_t lock, bool private, uint32_t value,
			   const struct futex_deadline *deadline)
{
	struct pi_waiter pi = {.task = task_current()};
	struct futex_waiter waiter = {.bitset = FUTEX_ANY, .task = pi.task, .pi = &pi};
	int result = futex_key_of(address, private, &waiter.key);
	long locked;

	if (!result)
		result = futex_key_of(lock, private, &waiter.pi_key);
	if (!result && futex_key_equal(&waiter.key, &waiter.pi_key))
		result = -EINVAL;
	if (!result)
		result = futex_enter(&waiter, address, value);
	if (result)
		return result;
	do {
		result = task_block_until(deadline->ns, deadline->realtime);
		if (result && futex_leave(&waiter))
			return result; /* it was not moved */
	} while (!result && futex_block_again(&waiter));
	locked = pi_wait(&pi, deadline, result);
	return locked == -EINTR ? -EWOULDBLOCK : locked;
}

/* Moves one waiter of the locked bucket. 0: it owns the lock; 1: it waits for it; or an error. */
static int move(struct futex_waiter *waiter, uintptr_t lock, const struct futex_key *key)
{
	int result;

	if (!waiter->pi || !futex_key_equal(&waiter->pi_key, key))
		return -EINVAL;
	result = pi_lock_proxy(lock, key, waiter->pi);
	if (result < 0)
		return result;
	if (result == 0) {
		futex_wake_waiter(waiter);
		return 0;
	}
	list_remove(&waiter->node);
	atomic_store_explicit(&waiter->bucket, NULL, memory_order_release);
	return 1;
}

/* Moves what REQUEST asks for, with the bucket locked; *MOVED counts. 0 or the error that stopped
 * it. */
static int move_all(struct futex_bucket *from, const struct futex_requeue *request,
		    const struct futex_key *from_key, const struct futex_key *to_key,
		    uint32_t *moved) REQUIRES(from->lock)
{
	struct futex_waiter *waiter, *next;
	uint64_t limit = (uint64_t)request->wake + request->requeue;
	int result;

	list_for_each_entry_safe (waiter, next, &from->waiters, node) {
		if (*moved >= limit)
			break;
		if (!futex_key_equal(&waiter->key, from_key))
			continue;
		result = move(waiter, request->to, to_key);
		if (result < 0)
			return result;
		++*moved;
	}
	return 0;
}

long futex_requeue_pi(const struct futex_requeue *request)
{
	struct futex_key from_key, to_key;
	struct futex_bucket *from;
	arch_irq_state_t irq;
	uint32_t current, moved = 0;
	int error = futex_key_of(request->from, request->private, &from_key);

	if (!error)
		error = futex_key_of(request->to, request->private, &to_key);
	if (!error && futex_key_equal(&from_key, &to_key))
		error = -EINVAL;
	if (!error)
		error = futex_fault_in(request->to);
	if (error)
		return error;
	from = futex_bucket_of(&from_key);
	do {
		irq = spin_lock(&from->lock);
		error = arch_user_load32_atomic(request->from, &current) ? -EFAULT : 0;
		if (!error && current != request->value)
			error = -EAGAIN;
		if (!error)
			error = move_all(from, request, &from_key, &to_key, &moved);
		spin_unlock(&from->lock, irq);
		/* Not accessible without blocking: make it so, and go on. */
		if (error == -EFAULT && !arch_user_load32(request->from, &current) &&
		    !futex_fault_in(request->to))
			continue;
		break;
	} while (true);
	return moved ? (long)moved : error;
}
