/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of the application: the first one, clone, and their end.
 *
 * The frame that a thread enters the application with lies at the top of its kernel stack, where
 * system calls put theirs. The end follows Linux's order: robust list, clear_child_tid (which is
 * what pthread_join waits for), then the thread leaves the process.
 */
#include <arch/syscall.h>
#include <arch/user.h>
#include <asm/errno.h>
#include <lib/string.h>
#include <linux/sched.h>
#include <mm/frame.h>
#include <sched/futex.h>

#include "internal.h"

/* What a clone must share to be a thread, not a process. */
#define THREAD_FLAGS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)

/* Name spaces and the like: there is one of each. */
#define UNSUPPORTED_FLAGS                                                                          \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET | CLONE_VFORK | CLONE_PIDFD)

#define MEMORY_RESERVE_PART 32u

static struct trap_frame *frame_of(const struct task *task)
{
	return (struct trap_frame *)task->stack_top - 1;
}

/* First code of a thread: enters the application. */
static void enter_application(void *arg)
{
	struct task *self = task_current();
	uintptr_t set_child_tid = (uintptr_t)arg;

	if (set_child_tid)
		(void)!arch_user_write(set_child_tid, &self->tid, sizeof(self->tid));
	arch_trap_return(frame_of(self));
}

static struct task *thread_new(const char *name, const struct trap_frame *frame, uint64_t fs_base,
			       uintptr_t set_child_tid)
{
	struct task *task =
		task_new(name, true, sizeof(*frame), enter_application, (void *)set_child_tid);

	if (!task)
		return NULL;
	memcpy(frame_of(task), frame, sizeof(*frame));
	task->context.fs_base = fs_base;
	return task;
}

int task_create_app_main(const char *name, const struct trap_frame *frame, uint64_t fs_base)
{
	struct task *task = thread_new(name, frame, fs_base, 0);

	if (!task)
		return -ENOMEM;
	arch_fpu_init_area(task->context.fpu);
	task_add_to_table(task);
	ASSERT(task->tid == PROCESS_PID);
	if (process_add_thread(task)) {
		task_discard(task);
		return -EAGAIN;
	}
	sched_add(task);
	return 0;
}

static long check_flags(const struct thread_args *args)
{
	uint64_t flags = args->flags;

	if ((flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) ||
	    (flags & CLONE_SIGHAND && !(flags & CLONE_VM)))
		return -EINVAL;
	if ((flags & THREAD_FLAGS) != THREAD_FLAGS)
		return -ENOSYS;
	if (flags & UNSUPPORTED_FLAGS)
		return -EINVAL;
	return 0;
}

/* A new thread must leave some memory to those there are: they would die of SIGBUS at their next
 * touch of fresh memory, while the creator of threads can be told EAGAIN. */
static bool memory_left(void)
{
	struct mm_frame_stats stats;

	mm_frame_stats(&stats);
	return stats.free > stats.total / MEMORY_RESERVE_PART;
}

static void inherit(struct task *child, const struct task *parent)
{
	child->priority = child->base_priority = parent->base_priority;
	child->policy = parent->policy;
	child->nice = parent->nice;
	child->rt_priority = parent->rt_priority;
	child->affinity = parent->affinity;
	child->timer_slack_ns = parent->timer_slack_ns;
	child->signals.blocked = parent->signals.blocked;
	child->memory = parent->memory;
}

long thread_create(const struct trap_frame *frame, const struct thread_args *args)
{
	struct task *self = task_current(), *task;
	uint64_t fs_base =
		args->flags & CLONE_SETTLS ? args->tls : arch_context_fs_base(&self->context);
	long error = check_flags(args);
	tid_t tid;

	if (error)
		return error;
	if (!memory_left())
		return -EAGAIN;
	if (args->flags & CLONE_SETTLS && !arch_user_range_ok(args->tls, 1))
		return -EPERM;
	task = thread_new(self->name, frame, fs_base,
			  args->flags & CLONE_CHILD_SETTID ? args->child_tid : 0);
	if (!task)
		return -EAGAIN;
	arch_syscall_child(frame_of(task), args->stack);
	arch_fpu_save(&self->context);
	memcpy(task->context.fpu, self->context.fpu, arch_fpu_size());
	inherit(task, self);
	if (args->flags & CLONE_CHILD_CLEARTID)
		task->clear_child_tid = args->child_tid;
	task_add_to_table(task);
	tid = task->tid;
	if (process_add_thread(task)) {
		task_discard(task);
		return -EAGAIN;
	}
	if (args->flags & CLONE_PARENT_SETTID)
		(void)!arch_user_write(args->parent_tid, &tid, sizeof(tid));
	sched_add(task);
	return tid;
}

void thread_set_clear_tid(uintptr_t address)
{
	task_current()->clear_child_tid = address;
}

void thread_set_robust_list(uintptr_t head)
{
	task_current()->robust_list = head;
}

int thread_robust_list_of(tid_t tid, uintptr_t *head)
{
	struct task *task = tid ? task_get(tid) : task_current();

	if (!task)
		return -ESRCH;
	*head = task->robust_list;
	if (tid)
		task_put(task);
	return 0;
}

/* Tells whoever waits for the thread's robust locks and for its end. */
static void release_waiters(struct task *self)
{
	static const uint32_t no_tid;

	if (self->robust_list)
		futex_robust_exit(self->robust_list, self->tid);
	if (self->clear_child_tid) {
		if (!arch_user_write(self->clear_child_tid, &no_tid, sizeof(no_tid)))
			(void)!futex_wake(self->clear_child_tid, false, 1, FUTEX_ANY);
	}
}

void thread_exit(int status)
{
	struct task *self = task_current();

	ASSERT(self->application);
	if (!process_exiting())
		release_waiters(self);
	futex_pi_exit();
	if (self->tid == PROCESS_PID)
		process.leader_status = status;
	if (process_remove_thread(self) && !process_exiting())
		process_exit(process.leader_status, 0);
	task_exit();
}
