/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks: threads of the application and of the kernel. */
#ifndef SCHED_TASK_H
#define SCHED_TASK_H

#include <arch/context.h>
#include <core/cpu.h>
#include <core/timer.h>
#include <lib/list.h>
#include <lib/types.h>

enum task_state { TASK_RUNNABLE, TASK_RUNNING, TASK_BLOCKED, TASK_DEAD };

/* The fields' owners and locks are in kernel/sched/task.c. */
struct task;

static always_inline struct task *task_current(void)
{
	return cpu_this()->current;
}

tid_t task_tid(const struct task *task);

/*
 * Creates a kernel task that runs ENTRY(ARG) with interrupts on, at PRIORITY (0 lowest .. 31
 * highest), and makes it runnable. It ends when ENTRY returns. 0 or -ENOMEM.
 */
must_check int task_create_kernel(const char *name, unsigned priority, void (*entry)(void *),
				  void *arg);

/* Makes TASK runnable if it is blocked. Any context. True when it was blocked. */
bool task_wake(struct task *task);

/* Has the current task a signal (or the end of the process) to handle? Interruptible waits then
 * end. */
bool task_signal_pending(void);

/* Lets other runnable tasks of the same priority run. */
void task_yield(void);

/* Blocks the current task until DEADLINE_NS. 0, or -EINTR. */
int task_sleep_until(uint64_t deadline_ns);

#endif /* SCHED_TASK_H */
