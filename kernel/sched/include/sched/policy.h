/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scheduling policies of Linux on the 32 priorities:
 *
 *   SCHED_IDLE                1
 *   SCHED_OTHER, SCHED_BATCH  5 .. 12  by the nice value (0: 8)
 *   SCHED_FIFO, SCHED_RR      13 .. 30 by the real time priority 1 .. 99
 *
 * A higher priority always runs first. Tasks of one priority take turns (time slice), but for
 * SCHED_FIFO. All functions take the tid of a thread of the application, 0 for the calling one, and
 * return 0 or -ESRCH / -EINVAL as the system calls of these names do.
 */
#ifndef SCHED_POLICY_H
#define SCHED_POLICY_H

#include <core/cpu.h>
#include <lib/compiler.h>
#include <lib/types.h>

#define SCHED_SLICE_NS (4 * NS_PER_MSEC)

/* A set of CPUs. */
struct cpu_set {
	uint64_t bits[CPU_MAX / 64];
};

static inline bool cpu_set_has(const struct cpu_set *set, unsigned cpu)
{
	return set->bits[cpu / 64] >> (cpu % 64) & 1;
}

static inline void cpu_set_add(struct cpu_set *set, unsigned cpu)
{
	set->bits[cpu / 64] |= 1ull << (cpu % 64);
}

struct task_policy {
	int policy;	 /* SCHED_* of linux/sched.h */
	int rt_priority; /* 1 .. 99 for SCHED_FIFO and SCHED_RR, else 0 */
	int nice;	 /* -20 .. 19; used by SCHED_OTHER and SCHED_BATCH */
};

must_check int task_policy_get(tid_t tid, struct task_policy *policy);
must_check int task_policy_set(tid_t tid, const struct task_policy *policy);

/* CPUs that the task may use and that exist. */
must_check int task_affinity_get(tid_t tid, struct cpu_set *set);

/* -EINVAL when SET has no CPU that exists. The calling task has moved on return. */
must_check int task_affinity_set(tid_t tid, const struct cpu_set *set);

#endif /* SCHED_POLICY_H */
