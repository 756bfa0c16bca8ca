/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spinlocks: one word, the number of the holder. Whoever finds it free takes it; there is no queue.
 * A queue of tickets would hand the lock to a CPU that may not run at the moment: virtual CPUs are
 * often more than real ones, and all others would then wait for its next turn on the host.
 *
 * For the same reason a CPU that has spun for some time stops to do so and parks: it halts until
 * the holder, or some other interrupt, wakes it. So its part of the host goes to the holder. A CPU
 * parks only where its interrupts were on before it called; else it goes on spinning.
 *
 * Parking loses no wake-up: the waiter writes its lock to parked[], then sets PARKED in the word,
 * which it does only as long as the lock is held, then halts in one step with turning interrupts
 * on. Whoever releases the lock swaps the word for 0, and if PARKED was set interrupts one CPU of
 * those whose parked[] names the lock. That CPU takes the lock with PARKED set, or sets it anew,
 * since it does not know whether others are parked: while any are, one is awake or PARKED is set.
 *
 * The entry is an acquire (a read-modify-write, which on x86 also orders everything before it) that
 * pairs with the release of the previous holder.
 */
#include <arch/mmu.h>
#include <core/cpu.h>
#include <core/spinlock.h>
#include <lib/assert.h>

#define PARKED (1u << 31)

/* How often a CPU looks before it parks: some ten microseconds. */
#define SPINS 1000u

/* The lock for which a CPU is parked, or about to be. */
static struct spinlock *_Atomic parked[CPU_MAX];

static always_inline bool try_enter(struct spinlock *lock, uint32_t word)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong_explicit(&lock->owner, &free, word,
						       memory_order_seq_cst, memory_order_relaxed);
}

/* True when the lock was free at the end. */
static bool spin(struct spinlock *lock)
{
	for (unsigned i = 0; i < SPINS; i++) {
		if (!atomic_load_explicit(&lock->owner, memory_order_relaxed))
			return true;
		/* The holder may wait for this CPU's part of a flush. */
		arch_tlb_serve();
		arch_cpu_relax();
	}
	return false;
}

/* Sets PARKED while the lock is held; false: it is free. */
static bool announce(struct spinlock *lock)
{
	uint32_t word = atomic_load_explicit(&lock->owner, memory_order_relaxed);

	while (word) {
		if (atomic_compare_exchange_weak_explicit(&lock->owner, &word, word | PARKED,
							  memory_order_seq_cst,
							  memory_order_relaxed))
			return true;
	}
	return false;
}

/* Interrupts are off, but were on when spin_lock was called. */
static void enter_parking(struct spinlock *lock, unsigned cpu)
{
	atomic_store_explicit(&parked[cpu], lock, memory_order_seq_cst);
	while (!try_enter(lock, (cpu + 1) | PARKED)) {
		if (!announce(lock))
			continue;
		arch_cpu_idle();
		arch_irq_disable();
	}
	atomic_store_explicit(&parked[cpu], NULL, memory_order_relaxed);
}

/* Wakes one CPU that is parked for LOCK: the next one after the executing one. Those that park are
 * all known; the executing one, which starts perhaps, need not be. */
static noinline void wake_parked(const struct spinlock *lock)
{
	unsigned self = cpu_index(), count = cpu_count();

	for (unsigned i = 1; i <= count; i++) {
		unsigned cpu = (self + i) % count;

		if (atomic_load_explicit(&parked[cpu], memory_order_seq_cst) == lock) {
			arch_cpu_wake(cpu);
			return;
		}
	}
}

static noinline void enter_contended(struct spinlock *lock, bool may_park)
{
	unsigned cpu = cpu_index();

	do {
		if (!spin(lock) && may_park) {
			enter_parking(lock, cpu);
			return;
		}
	} while (!try_enter(lock, cpu + 1));
}

static always_inline void enter(struct spinlock *lock, bool may_park)
{
	ASSERT(!spin_held(lock));
	if (unlikely(!try_enter(lock, cpu_index() + 1)))
		enter_contended(lock, may_park);
}

static always_inline void leave(struct spinlock *lock)
{
	ASSERT(spin_held(lock));
	if (unlikely(atomic_exchange_explicit(&lock->owner, 0, memory_order_seq_cst) & PARKED))
		wake_parked(lock);
}

arch_irq_state_t spin_lock(struct spinlock *lock) NO_THREAD_SAFETY
{
	arch_irq_state_t state = arch_irq_save();

	enter(lock, state & ARCH_RFLAGS_IF);
	return state;
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state) NO_THREAD_SAFETY
{
	leave(lock);
	arch_irq_restore(state);
}

void spin_lock_nested(struct spinlock *lock) NO_THREAD_SAFETY
{
	ASSERT(!arch_irq_enabled());
	enter(lock, false);
}

bool spin_try_lock_nested(struct spinlock *lock) NO_THREAD_SAFETY
{
	ASSERT(!arch_irq_enabled());
	return !atomic_load_explicit(&lock->owner, memory_order_relaxed) &&
	       try_enter(lock, cpu_index() + 1);
}

void spin_unlock_nested(struct spinlock *lock) NO_THREAD_SAFETY
{
	leave(lock);
}

bool spin_held(const struct spinlock *lock)
{
	return (atomic_load_explicit(&lock->owner, memory_order_relaxed) & ~PARKED) ==
	       cpu_index() + 1;
}
