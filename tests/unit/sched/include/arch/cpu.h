/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands in for the kernel's arch/cpu.h: an interrupt flag in a variable. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <lib/compiler.h>
#include <lib/types.h>

typedef uint64_t arch_irq_state_t;

extern bool fake_irqs_on;

static inline arch_irq_state_t arch_irq_save(void)
{
	arch_irq_state_t state = fake_irqs_on;

	fake_irqs_on = false;
	return state;
}

static inline void arch_irq_restore(arch_irq_state_t state)
{
	fake_irqs_on = state != 0;
}

static inline bool arch_irq_enabled(void)
{
	return fake_irqs_on;
}

static inline void arch_cpu_relax(void)
{
}

void arch_cpu_kick(unsigned index);

#endif /* ARCH_CPU_H */
