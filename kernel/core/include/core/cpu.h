/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-CPU data. struct cpu is reached through GS (cpu_this). Folders above core keep their own part
 * in the members named after them; core does not look inside.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <arch/percpu.h>
#include <core/timer.h>
#include <lib/types.h>

#define CPU_MAX ARCH_CPU_MAX

struct task;
struct sched_cpu;

struct cpu {
	struct arch_percpu arch; /* first: entry code relies on it */
	struct task *current;	 /* the task that runs here (sched) */
	struct sched_cpu *sched; /* run queue of this CPU (sched) */
	struct timer_cpu timers;
	uint32_t irq_nesting; /* > 0: inside an interrupt handler */
	uint64_t irq_count, timer_irq_count;
};

static always_inline struct cpu *cpu_this(void)
{
	return (struct cpu *)(void *)arch_percpu_this();
}

/* CPU number of the executing CPU. */
static always_inline unsigned cpu_index(void)
{
	return cpu_this()->arch.index;
}

/* CPUs that are online: numbers 0 .. cpu_count() - 1. */
unsigned cpu_count(void);

/* Data of CPU number INDEX (< cpu_count()). */
struct cpu *cpu_get(unsigned index);

/* Installs the boot CPU's data. First thing in C. */
void cpu_init_boot(void);

/* Makes the executing CPU, whose data is CPU, known to all, after those with lower numbers. */
void cpu_publish(struct cpu *cpu);

#endif /* CORE_CPU_H */
