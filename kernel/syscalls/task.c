/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads and the process, as clone(2), exit(2), prctl(2) and their like see them. There is one
 * process: it has no children, and calls that would make another one have no entry in the table
 * (ENOSYS).
 */
#include <syscalls/task.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/prctl.h>
#include <core/cpu.h>
#include <linux/membarrier.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <sched/process.h>
#include <sched/sched.h>
#include <sched/signal.h>
#include <sched/task.h>

SYSCALL(clone)
{
	const struct thread_args args = {
		.flags = (uint64_t)a0 & ~(uint64_t)CSIGNAL,
		.stack = (uintptr_t)a1,
		.parent_tid = (uintptr_t)a2,
		.child_tid = (uintptr_t)a3,
		.tls = (uintptr_t)a4,
	};

	return thread_create(arch_trap_syscall_frame(), &args);
}

/* The bytes of a structure of SIZE bytes at FROM behind the KNOWN ones are all zero: 0, or -E2BIG.
 */
static int rest_is_zero(uintptr_t from, size_t known, size_t size)
{
	uint8_t byte;

	for (size_t i = known; i < size; i++) {
		if (arch_user_read(&byte, from + i, 1))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

SYSCALL(clone3)
{
	struct clone_args user = {0};
	size_t size = (size_t)a1;
	int error;

	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	if (arch_user_read(&user, (uintptr_t)a0, MIN(size, sizeof(user))))
		return -EFAULT;
	error = rest_is_zero((uintptr_t)a0, sizeof(user), size);
	if (error)
		return error;
	if (user.flags & (CSIGNAL | CLONE_DETACHED) || user.set_tid || user.set_tid_size ||
	    user.exit_signal & ~(uint64_t)CSIGNAL || !user.stack != !user.stack_size ||
	    (user.flags & (CLONE_THREAD | CLONE_PARENT) && user.exit_signal))
		return -EINVAL;
	if (!arch_user_range_ok(user.stack, user.stack_size))
		return -EINVAL;
	const struct thread_args args = {
		.flags = user.flags,
		.stack = user.stack ? user.stack + user.stack_size : 0,
		.parent_tid = user.parent_tid,
		.child_tid = user.child_tid,
		.tls = user.tls,
	};
	return thread_create(arch_trap_syscall_frame(), &args);
}

SYSCALL(exit)
{
	thread_exit((int)a0 & 0xff);
}

SYSCALL(exit_group)
{
	process_exit((int)a0 & 0xff, 0);
}

SYSCALL(set_tid_address)
{
	thread_set_clear_tid((uintptr_t)a0);
	return task_tid(task_current());
}

#define ROBUST_HEAD_SIZE 24

SYSCALL(set_robust_list)
{
	if (a1 != ROBUST_HEAD_SIZE)
		return -EINVAL;
	thread_set_robust_list((uintptr_t)a0);
	return 0;
}

SYSCALL(get_robust_list)
{
	const uint64_t size = ROBUST_HEAD_SIZE;
	uintptr_t head;
	int error = thread_robust_list_of((tid_t)a0, &head);

	if (!error)
		error = arch_user_write((uintptr_t)a2, &size, sizeof(size));
	if (!error)
		error = arch_user_write((uintptr_t)a1, &head, sizeof(head));
	return error;
}

SYSCALL(gettid)
{
	return task_tid(task_current());
}

SYSCALL(getpid)
{
	return PROCESS_PID;
}

SYSCALL(getppid)
{
	return PROCESS_PARENT_PID;
}

static bool is_self(long pid)
{
	return pid == 0 || pid == PROCESS_PID;
}

SYSCALL(getpgrp)
{
	return PROCESS_PID;
}

SYSCALL(getpgid)
{
	return is_self(a0) || thread_exists((tid_t)a0) ? PROCESS_PID : -ESRCH;
}

SYSCALL(setpgid)
{
	if (a1 < 0)
		return -EINVAL;
	if (!is_self(a0))
		return -ESRCH;
	return -EPERM; /* it leads its session */
}

SYSCALL(getsid)
{
	return is_self(a0) || thread_exists((tid_t)a0) ? PROCESS_PID : -ESRCH;
}

SYSCALL(setsid)
{
	return -EPERM; /* it leads its process group */
}

#define WAIT4_OPTIONS  (WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL)
#define WAITID_OPTIONS (WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED)

SYSCALL(wait4)
{
	return a2 & ~(long)WAIT4_OPTIONS ? -EINVAL : -ECHILD;
}

SYSCALL(waitid)
{
	if (a3 & ~(long)(WAITID_OPTIONS | __WNOTHREAD | __WCLONE | __WALL) ||
	    !(a3 & (WEXITED | WSTOPPED | WCONTINUED)) || a0 < P_ALL || a0 > P_PIDFD)
		return -EINVAL;
	return -ECHILD;
}

SYSCALL(getcpu)
{
	const uint32_t cpu = cpu_index(), node = arch_percpu_node(&cpu_this()->arch);

	if (a0 && arch_user_write((uintptr_t)a0, &cpu, sizeof(cpu)))
		return -EFAULT;
	if (a1 && arch_user_write((uintptr_t)a1, &node, sizeof(node)))
		return -EFAULT;
	return 0;
}

SYSCALL(arch_prctl)
{
	struct arch_context *context = task_context(task_current());
	uint64_t base;

	switch (a0) {
	case ARCH_SET_FS:
		if (!arch_user_range_ok((uintptr_t)a1, 1))
			return -EPERM;
		arch_context_set_fs_base(context, (uint64_t)a1);
		return 0;
	case ARCH_GET_FS:
		base = arch_context_fs_base(context);
		return arch_user_write((uintptr_t)a1, &base, sizeof(base));
	default: /* GS belongs to the kernel */
		return -EINVAL;
	}
}

static long name_set(uintptr_t address)
{
	char name[TASK_NAME_SIZE];
	long length = arch_user_read_string(name, address, sizeof(name));

	if (length == -ENAMETOOLONG)
		name[sizeof(name) - 1] = '\0';
	else if (length < 0)
		return length;
	task_set_name(task_current(), name);
	return 0;
}

/* Settings that are kept for those who ask; nothing here depends on them. */
static struct {
	int death_signal;
	int dumpable;
	bool keep_caps, no_new_privs, subreaper, no_thp;
} settings = {.dumpable = 1};

static long flag_set(bool *flag, long value)
{
	if (value != 0 && value != 1)
		return -EINVAL;
	*flag = value;
	return 0;
}

static long write_int(long address, int value)
{
	return arch_user_write((uintptr_t)address, &value, sizeof(value));
}

static long prctl_set(long option, long value)
{
	switch (option) {
	case PR_SET_PDEATHSIG:
		if (value < 0 || value > SIGNAL_COUNT)
			return -EINVAL;
		settings.death_signal = (int)value; /* the parent does not die */
		return 0;
	case PR_SET_DUMPABLE:
		if (value != 0 && value != 1)
			return -EINVAL;
		settings.dumpable = (int)value;
		return 0;
	case PR_SET_KEEPCAPS:
		return flag_set(&settings.keep_caps, value);
	case PR_SET_NO_NEW_PRIVS:
		if (value != 1)
			return -EINVAL;
		settings.no_new_privs = true;
		return 0;
	case PR_SET_CHILD_SUBREAPER:
		settings.subreaper = value != 0;
		return 0;
	case PR_SET_THP_DISABLE:
		settings.no_thp = value != 0;
		return 0;
	case PR_SET_TIMERSLACK: /* timers are exact */
		return 0;
	default:
		return -EINVAL;
	}
}

#define TIMER_SLACK_NS 50000

SYSCALL(prctl)
{
	switch (a0) {
	case PR_SET_NAME:
		return name_set((uintptr_t)a1);
	case PR_GET_NAME:
		return arch_user_write((uintptr_t)a1, task_name(task_current()), TASK_NAME_SIZE);
	case PR_GET_PDEATHSIG:
		return write_int(a1, settings.death_signal);
	case PR_GET_DUMPABLE:
		return settings.dumpable;
	case PR_GET_KEEPCAPS:
		return settings.keep_caps;
	case PR_GET_NO_NEW_PRIVS:
		return settings.no_new_privs;
	case PR_GET_CHILD_SUBREAPER:
		return write_int(a1, settings.subreaper);
	case PR_GET_THP_DISABLE:
		return settings.no_thp;
	case PR_GET_TIMERSLACK:
		return TIMER_SLACK_NS;
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return a1 == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_GET_SECCOMP:
		return 0;
	default:
		return prctl_set(a0, a1);
	}
}

#define MEMBARRIER_COMMANDS                                                                        \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED |                                 \
	 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED |             \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |  \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

SYSCALL(membarrier)
{
	if (a1)
		return -EINVAL;
	switch (a0) {
	case MEMBARRIER_CMD_QUERY:
		return MEMBARRIER_COMMANDS;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		return 0;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		sched_barrier_all();
		return 0;
	default:
		return -EINVAL;
	}
}
