/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spinlocks. They turn interrupts off on the executing CPU while held, are not recursive
 * (asserted), and the holder neither blocks, nor calls the host, nor touches the application's
 * memory. A ticket lock: first come, first served. The order of locks is in docs/locking.md.
 */
#ifndef CORE_SPINLOCK_H
#define CORE_SPINLOCK_H

#include <arch/cpu.h>
#include <lib/compiler.h>
#include <lib/thread_safety.h>
#include <lib/types.h>
#include <stdatomic.h>

struct CAPABILITY("spinlock") spinlock {
	_Atomic uint32_t next;	  /* ticket to draw */
	_Atomic uint32_t serving; /* ticket that may enter */
	uint32_t owner;		  /* CPU number + 1 of the holder, 0: free; for assertions */
};

#define SPINLOCK_INIT                                                                              \
	{                                                                                          \
		0, 0, 0                                                                            \
	}

static inline void spin_init(struct spinlock *lock)
{
	atomic_store_explicit(&lock->next, 0, memory_order_relaxed);
	atomic_store_explicit(&lock->serving, 0, memory_order_relaxed);
	lock->owner = 0;
}

/* Turns interrupts off, takes LOCK; the result goes to spin_unlock. */
must_check arch_irq_state_t spin_lock(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock(struct spinlock *lock, arch_irq_state_t state) RELEASES(lock);

/* For a second lock, while interrupts are off already (asserted). */
void spin_lock_nested(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock_nested(struct spinlock *lock) RELEASES(lock);

/* Does the executing CPU hold LOCK? For ASSERT. */
bool spin_held(const struct spinlock *lock);

#endif /* CORE_SPINLOCK_H */
