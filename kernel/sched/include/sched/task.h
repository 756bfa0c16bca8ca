/* SPDX-License-Identifier: BSD-3-Clause */
/* Tasks: threads of the application and of the kernel. States and wake-ups: docs/locking.md. */
#ifndef SCHED_TASK_H
#define SCHED_TASK_H

#include <arch/context.h>
#include <core/cpu.h>
#include <core/timer.h>
#include <lib/list.h>
#include <lib/types.h>

#define TASK_NAME_SIZE 16u /* with its NUL, as Linux's TASK_COMM_LEN */

/* Priorities: 0 lowest .. 31 highest. The application's threads lie between the first and the last
 * of these, whatever their policy; kernel tasks choose. */
#define TASK_PRIORITY_COUNT  32u
#define TASK_PRIORITY_IDLE   1u	 /* SCHED_IDLE */
#define TASK_PRIORITY_NORMAL 8u	 /* SCHED_OTHER with nice 0 */
#define TASK_PRIORITY_KERNEL 16u /* kernel tasks that serve the application */
#define TASK_PRIORITY_MAX    31u

/* The fields, their owners and locks are in kernel/sched/internal.h. */
struct task;
struct mm_thread;

static always_inline struct task *task_current(void)
{
	return cpu_this()->current;
}

tid_t task_tid(const struct task *task);

/* The memory policy of the running task. */
struct mm_thread *task_memory(void);

/* Name of TASK (never NULL, at most TASK_NAME_SIZE bytes with its NUL). */
const char *task_name(const struct task *task);
void task_set_name(struct task *task, const char *name);

/*
 * Creates a kernel task that runs ENTRY(ARG) with interrupts on, at PRIORITY (0 lowest .. 31
 * highest), and makes it runnable. It ends when ENTRY returns. 0 or -ENOMEM.
 */
must_check int task_create_kernel(const char *name, unsigned priority, void (*entry)(void *),
				  void *arg);

/*
 * Creates the application's first task, which enters the application with the registers of FRAME
 * (copied) and the thread pointer FS_BASE, with fresh vector state, and makes it runnable. Its tid
 * is the process id. 0 or -ENOMEM.
 */
must_check int task_create_app_main(const char *name, const struct trap_frame *frame,
				    uint64_t fs_base);

/* Makes TASK runnable if it is blocked. Any context; TASK must not go away meanwhile. True when it
 * was blocked. */
bool task_wake(struct task *task);

/* Has the current task a signal (or the end of the process) to handle? Interruptible waits then
 * end. A system call that gave up because of it returns -EINTR or -ERESTART* (sched/signal.h). */
bool task_signal_pending(void);

/* Lets other runnable tasks of the same priority run. */
void task_yield(void);

/* Blocks the current task until DEADLINE_NS, or until real time is REALTIME_NS (follows its being
 * set). 0, or -EINTR. */
int task_sleep_until(uint64_t deadline_ns);
int task_sleep_until_realtime(uint64_t realtime_ns);

/* The processor context of TASK, which runs or is the current one. */
struct arch_context *task_context(struct task *task);

/* Ends the current task, a kernel task or a thread of the application. */
noreturn void task_exit(void);

#endif /* SCHED_TASK_H */
