/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of CPUs. The boot CPU's data is static; others are added when they come up. */
#include <core/cpu.h>

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <lib/assert.h>
#include <stdatomic.h>

static struct cpu boot_cpu;
static struct cpu *cpus[CPU_MAX] = {&boot_cpu};
static _Atomic unsigned count = 1; /* grows only, after the entry in cpus is written */

unsigned cpu_count(void)
{
	return atomic_load_explicit(&count, memory_order_acquire);
}

struct cpu *cpu_get(unsigned index)
{
	ASSERT(index < cpu_count());
	return cpus[index];
}

void cpu_init_boot(void)
{
	arch_cpu_init(&boot_cpu.arch);
}

void cpu_publish(struct cpu *cpu)
{
	unsigned index = cpu->arch.index;

	ASSERT(index && index < CPU_MAX);
	while (cpu_count() != index) {
		arch_tlb_serve(); /* interrupts are off */
		arch_cpu_relax();
	}
	cpus[index] = cpu;
	atomic_store_explicit(&count, index + 1, memory_order_release);
}
