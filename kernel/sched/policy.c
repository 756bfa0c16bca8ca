/* SPDX-License-Identifier: BSD-3-Clause */
/* Scheduling policies and affinity of the application's threads. Locks: each thread's run queue
 * lock; base priorities under pi_lock (futex_pi.c). */
#include <asm/errno.h>
#include <lib/string.h>
#include <linux/sched.h>
#include <sched/policy.h>

#include "futex_pi.h"
#include "internal.h"

#define RT_MAX	    99
#define NICE_MIN    (-20)
#define NICE_MAX    19
#define NICE_STEP   5	/* nice values per priority */
#define RT_PRIORITY 13u /* .. 30 */

/* The task of TID with a reference; 0: the current one. */
static struct task *target(tid_t tid)
{
	return task_get(tid ? tid : task_current()->tid);
}

static bool policy_valid(const struct task_policy *policy)
{
	switch (policy->policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return policy->rt_priority >= 1 && policy->rt_priority <= RT_MAX;
	case SCHED_NORMAL:
	case SCHED_BATCH:
	case SCHED_IDLE:
		return policy->rt_priority == 0 && policy->nice >= NICE_MIN &&
		       policy->nice <= NICE_MAX;
	default:
		return false;
	}
}

static unsigned priority_of(const struct task_policy *policy)
{
	switch (policy->policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return RT_PRIORITY + (unsigned)(policy->rt_priority - 1) *
					     (TASK_PRIORITY_MAX - 1 - RT_PRIORITY) / (RT_MAX - 1);
	case SCHED_IDLE:
		return TASK_PRIORITY_IDLE;
	default:
		/* -20 .. 19 to 12 .. 5, and 0 to 8 */
		return TASK_PRIORITY_NORMAL + 4 - (unsigned)(policy->nice - NICE_MIN) / NICE_STEP;
	}
}

int task_policy_get(tid_t tid, struct task_policy *policy) NO_THREAD_SAFETY
{
	struct task *task = target(tid);
	struct sched_cpu *sched;
	arch_irq_state_t irq;

	if (!task)
		return -ESRCH;
	sched = sched_lock_task(task, &irq);
	*policy = (struct task_policy){task->policy, task->rt_priority, task->nice};
	spin_unlock(&sched->lock, irq);
	task_put(task);
	return 0;
}

int task_policy_set(tid_t tid, const struct task_policy *policy) NO_THREAD_SAFETY
{
	struct task *task;
	struct sched_cpu *sched;
	arch_irq_state_t irq;

	if (!policy_valid(policy))
		return -EINVAL;
	task = target(tid);
	if (!task)
		return -ESRCH;
	sched = sched_lock_task(task, &irq);
	task->policy = (uint8_t)policy->policy;
	task->rt_priority = (uint8_t)policy->rt_priority;
	task->nice = (int8_t)policy->nice;
	spin_unlock(&sched->lock, irq);
	pi_set_base_priority(task, priority_of(policy));
	task_put(task);
	return 0;
}

int task_affinity_get(tid_t tid, struct cpu_set *set) NO_THREAD_SAFETY
{
	struct task *task = target(tid);
	struct sched_cpu *sched;
	struct cpu_set affinity;
	arch_irq_state_t irq;

	if (!task)
		return -ESRCH;
	sched = sched_lock_task(task, &irq);
	affinity = task->affinity;
	spin_unlock(&sched->lock, irq);
	task_put(task);
	memset(set, 0, sizeof(*set));
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (cpu_set_has(&affinity, cpu))
			cpu_set_add(set, cpu);
	}
	return 0;
}

int task_affinity_set(tid_t tid, const struct cpu_set *set)
{
	struct task *task;
	bool some = false;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		some |= cpu_set_has(set, cpu);
	if (!some)
		return -EINVAL;
	task = target(tid);
	if (!task)
		return -ESRCH;
	sched_set_affinity(task, set);
	task_put(task);
	return 0;
}
