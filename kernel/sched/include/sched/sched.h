/* SPDX-License-Identifier: BSD-3-Clause */
/* The scheduler's start and its service to other folders. */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include <lib/compiler.h>
#include <lib/types.h>

struct cpu;

/* Gets the memory that the scheduler needs for CPU, which has its number and does not run yet: run
 * queue, idle task, timer queue. The top of the stack that it starts on, 0: there is no memory. The
 * boot CPU does without. */
must_check uintptr_t sched_prepare_cpu(struct cpu *cpu);

/*
 * Starts the scheduler of the executing CPU; on the boot CPU the handlers of the timer and
 * reschedule vectors, too. Needs the kernel heap; interrupts off. From here on tasks can be
 * created, but none runs until sched_start.
 */
void sched_init_cpu(void);

/* The executing CPU becomes its idle task and runs what is runnable. Interrupts off. Gives up the
 * stack that it was called on for good; it may be the one that sched_prepare_cpu has named. */
noreturn void sched_start(void);

/* Free time of all CPUs since their start, in ns. Any context. */
uint64_t sched_idle_ns(void);

/* Tasks that can run now or run, the idle tasks not counted. */
unsigned sched_runnable_count(void);

/* All CPUs have passed a full memory barrier since the call (membarrier(2)). Task context,
 * interrupts on, no spinlock held. */
void sched_barrier_all(void);

#endif /* SCHED_SCHED_H */
