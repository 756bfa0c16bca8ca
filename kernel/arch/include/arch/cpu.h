/* SPDX-License-Identifier: BSD-3-Clause */
/* Interrupt flag, waiting and the cycle counter of the executing CPU. Any context. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <lib/compiler.h>
#include <lib/types.h>

#define ARCH_RFLAGS_IF 0x200ul

typedef uint64_t arch_irq_state_t;

/* Turns interrupts off; returns the state to restore. */
static always_inline arch_irq_state_t arch_irq_save(void)
{
	arch_irq_state_t state;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(state)::"memory");
	return state;
}

static always_inline void arch_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static always_inline void arch_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static always_inline void arch_irq_restore(arch_irq_state_t state)
{
	if (state & ARCH_RFLAGS_IF)
		arch_irq_enable();
	else
		barrier();
}

static always_inline bool arch_irq_enabled(void)
{
	arch_irq_state_t state;

	__asm__ volatile("pushfq; popq %0" : "=r"(state)::"memory");
	return state & ARCH_RFLAGS_IF;
}

/* A pause inside a spin loop. */
static always_inline void arch_cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/*
 * Waits for the next interrupt. Called with interrupts off, after the caller has found nothing to
 * do; enables them and waits in one indivisible step (no lost wake-up), returns with interrupts on.
 */
static always_inline void arch_cpu_idle(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

/* Time stamp counter. Not ordered with other instructions. */
static always_inline uint64_t arch_cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Stops the executing CPU for good. */
noreturn void arch_cpu_halt(void);

/* Leaves the machine (power off, reset); for use where no host channel exists. */
noreturn void arch_machine_off(int status);

/* Sends the reschedule interrupt to CPU number INDEX: it looks at its work and run queue. */
void arch_cpu_kick(unsigned index);

/* 64 bits from RDSEED or RDRAND; false where the CPU has neither or they fail. */
bool arch_random64(uint64_t *out);

#endif /* ARCH_CPU_H */
