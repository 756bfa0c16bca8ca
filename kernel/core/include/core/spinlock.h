/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spinlocks. They turn interrupts off on the executing CPU while held, are not recursive
 * (asserted), and the holder neither blocks, nor calls the host, nor touches the application's
 * memory. Not fair: whoever comes when the lock is free gets it. The order of locks is in
 * docs/locking.md.
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

#include <arch/cpu.h>
#include <lib/compiler.h>
#include <lib/thread_safety.h>
#include <lib/types.h>
#include <stdatomic.h>

struct CAPABILITY("spinlock") spinlock {
	_Atomic uint32_t owner; /* 0: free, else CPU number + 1 of the holder; spinlock.c */
};

#define SPINLOCK_INIT                                                                              \
	{                                                                                          \
		0                                                                                  \
	}

static inline void spin_init(struct spinlock *lock)
{
	atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
}

/* Turns interrupts off, takes LOCK; the result goes to spin_unlock. Where interrupts are on, they
 * may still come until the lock is taken. */
must_check arch_irq_state_t spin_lock(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock(struct spinlock *lock, arch_irq_state_t state) RELEASES(lock);

/* For a second lock, while interrupts are off already (asserted). */
void spin_lock_nested(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock_nested(struct spinlock *lock) RELEASES(lock);

/* Takes LOCK if it is free, else returns false at once. Interrupts off (asserted). */
must_check bool spin_try_lock_nested(struct spinlock *lock) TRY_ACQUIRES(true, lock);

/* Does the executing CPU hold LOCK? For ASSERT. */
bool spin_held(const struct spinlock *lock);

#endif /* CORE_SPINLOCK_H */
