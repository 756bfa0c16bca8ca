/* SPDX-License-Identifier: BSD-3-Clause */
/* Scheduling policies, priorities and affinity: Linux's structures to sched/policy.h. */
#include <syscalls/schedule.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sched/policy.h>
#include <sched/process.h>
#include <sched/task.h>

#define RT_MIN	    1
#define RT_MAX	    99
#define NICE_MIN    (-20)
#define NICE_MAX    19
#define POLICY_MASK (~(int)SCHED_RESET_ON_FORK)

SYSCALL(sched_yield)
{
	task_yield();
	return 0;
}

SYSCALL(sched_getaffinity)
{
	size_t size = (size_t)a1, bytes = sizeof(struct cpu_set);
	struct cpu_set set;
	int error;

	/* As Linux: whole words, and enough for all CPUs. */
	if (size % sizeof(uint64_t) || size * 8 < cpu_count())
		return -EINVAL;
	if (a0 < 0)
		return -EINVAL;
	error = task_affinity_get((tid_t)a0, &set);
	if (error)
		return error;
	bytes = MIN(bytes, size);
	if (arch_user_write((uintptr_t)a2, &set, bytes))
		return -EFAULT;
	return (long)bytes;
}

SYSCALL(sched_setaffinity)
{
	struct cpu_set set = {0};

	if (a0 < 0)
		return -EINVAL;
	if (arch_user_read(&set, (uintptr_t)a2, MIN((size_t)(uint32_t)a1, sizeof(set))))
		return -EFAULT;
	return task_affinity_set((tid_t)a0, &set);
}

SYSCALL(sched_getscheduler)
{
	struct task_policy policy;
	int error;

	if (a0 < 0)
		return -EINVAL;
	error = task_policy_get((tid_t)a0, &policy);
	return error ? error : policy.policy;
}

static long set_policy(tid_t tid, int new_policy, int rt_priority, const int *nice)
{
	struct task_policy policy;
	int error = tid < 0 ? -EINVAL : task_policy_get(tid, &policy);

	if (error)
		return error;
	policy.policy = new_policy & POLICY_MASK;
	policy.rt_priority = rt_priority;
	if (nice)
		policy.nice = *nice;
	return task_policy_set(tid, &policy);
}

SYSCALL(sched_setscheduler)
{
	int rt_priority;

	if (!a2 || a1 < 0)
		return -EINVAL;
	if (arch_user_read(&rt_priority, (uintptr_t)a2, sizeof(rt_priority)))
		return -EFAULT;
	return set_policy((tid_t)a0, (int)a1, rt_priority, NULL);
}

SYSCALL(sched_getparam)
{
	struct task_policy policy;
	int error;

	if (a0 < 0 || !a1)
		return -EINVAL;
	error = task_policy_get((tid_t)a0, &policy);
	if (error)
		return error;
	return arch_user_write((uintptr_t)a1, &policy.rt_priority, sizeof(policy.rt_priority));
}

SYSCALL(sched_setparam)
{
	struct task_policy policy;
	int rt_priority, error;

	if (a0 < 0 || !a1)
		return -EINVAL;
	if (arch_user_read(&rt_priority, (uintptr_t)a1, sizeof(rt_priority)))
		return -EFAULT;
	error = task_policy_get((tid_t)a0, &policy);
	if (error)
		return error;
	policy.rt_priority = rt_priority;
	return task_policy_set((tid_t)a0, &policy);
}

SYSCALL(sched_getattr)
{
	struct task_policy policy;
	struct sched_attr attr = {0};
	uint32_t size = (uint32_t)a2;
	int error;

	if (a0 < 0 || !a1 || a3 || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return -EINVAL;
	error = task_policy_get((tid_t)a0, &policy);
	if (error)
		return error;
	attr.size = MIN(size, (uint32_t)sizeof(attr));
	attr.sched_policy = (uint32_t)policy.policy;
	attr.sched_nice = policy.nice;
	attr.sched_priority = (uint32_t)policy.rt_priority;
	attr.sched_util_max = 1024;
	return arch_user_write((uintptr_t)a1, &attr, attr.size);
}

SYSCALL(sched_setattr)
{
	struct sched_attr attr = {0};
	uint32_t size;

	if (a0 < 0 || !a1 || a2)
		return -EINVAL;
	if (arch_user_read(&size, (uintptr_t)a1, sizeof(size)))
		return -EFAULT;
	if (!size)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > sizeof(attr))
		return -E2BIG;
	if (arch_user_read(&attr, (uintptr_t)a1, size))
		return -EFAULT;
	if (attr.sched_flags & ~(uint64_t)SCHED_FLAG_RESET_ON_FORK || (int)attr.sched_priority < 0)
		return -EINVAL;
	return set_policy((tid_t)a0, (int)attr.sched_policy, (int)attr.sched_priority,
			  &attr.sched_nice);
}

SYSCALL(sched_get_priority_min)
{
	switch (a0) {
	case SCHED_FIFO:
	case SCHED_RR:
		return RT_MIN;
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_DEADLINE:
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL(sched_get_priority_max)
{
	long min = sys_sched_get_priority_min(a0, 0, 0, 0, 0, 0);

	return min == RT_MIN ? RT_MAX : min;
}

SYSCALL(sched_rr_get_interval)
{
	struct task_policy policy;
	int error;

	if (a0 < 0)
		return -EINVAL;
	error = task_policy_get((tid_t)a0, &policy);
	if (error)
		return error;
	return user_write_timespec((uintptr_t)a1, policy.policy == SCHED_FIFO ? 0 : SCHED_SLICE_NS);
}

/* All threads are one process of one user: the thread WHO, or the calling one. */
static long priority_target(long which, long who, tid_t *tid)
{
	*tid = 0;
	switch (which) {
	case PRIO_PROCESS:
		*tid = (tid_t)who;
		return who < 0 ? -ESRCH : 0;
	case PRIO_PGRP:
		return who == 0 || who == PROCESS_PID ? 0 : -ESRCH;
	case PRIO_USER:
		return 0;
	default:
		return -EINVAL;
	}
}

SYSCALL(getpriority)
{
	struct task_policy policy;
	tid_t tid;
	long error = priority_target(a0, a1, &tid);

	if (!error)
		error = task_policy_get(tid, &policy);
	return error ? error : 20 - policy.nice; /* as the system call gives it: 1 .. 40 */
}

SYSCALL(setpriority)
{
	struct task_policy policy;
	tid_t tid;
	long error = priority_target(a0, a1, &tid);

	if (!error)
		error = task_policy_get(tid, &policy);
	if (error)
		return error;
	policy.nice = (int)MIN(MAX((long)(int)a2, NICE_MIN), NICE_MAX);
	return task_policy_set(tid, &policy);
}
