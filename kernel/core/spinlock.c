/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ticket spinlocks. The lock word pair is private to this file. The entry is an acquire load of
 * `serving` that pairs with the release store in the unlock of the previous holder; the ticket is
 * drawn with a read-modify-write, which on x86 also orders everything before it.
 */
#include <arch/mmu.h>
#include <core/cpu.h>
#include <core/spinlock.h>
#include <lib/assert.h>

static always_inline void ticket_wait(struct spinlock *lock)
{
	uint32_t ticket;

	ASSERT(lock->owner != cpu_index() + 1);
	ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_seq_cst);
	while (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket) {
		/* Interrupts are off, and the holder may wait for this CPU's part of a flush. */
		arch_tlb_serve();
		arch_cpu_relax();
	}
	lock->owner = cpu_index() + 1;
}

static always_inline void ticket_leave(struct spinlock *lock)
{
	uint32_t serving = atomic_load_explicit(&lock->serving, memory_order_relaxed);

	ASSERT(lock->owner == cpu_index() + 1);
	lock->owner = 0;
	atomic_store_explicit(&lock->serving, serving + 1, memory_order_release);
}

arch_irq_state_t spin_lock(struct spinlock *lock) NO_THREAD_SAFETY
{
	arch_irq_state_t state = arch_irq_save();

	ticket_wait(lock);
	return state;
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state) NO_THREAD_SAFETY
{
	ticket_leave(lock);
	arch_irq_restore(state);
}

void spin_lock_nested(struct spinlock *lock) NO_THREAD_SAFETY
{
	ASSERT(!arch_irq_enabled());
	ticket_wait(lock);
}

void spin_unlock_nested(struct spinlock *lock) NO_THREAD_SAFETY
{
	ticket_leave(lock);
}

bool spin_held(const struct spinlock *lock)
{
	return lock->owner == cpu_index() + 1;
}
