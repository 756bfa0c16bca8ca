/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads and CPUs seen from outside (sched/inspect.h). */
#include <sched/inspect.h>

#include <asm/errno.h>
#include <asm/signal.h>
#include <core/clock.h>

#include "internal.h"

static char state_letter(const struct task *task)
{
	switch (atomic_load_explicit(&task->state, memory_order_relaxed)) {
	case TASK_RUNNABLE:
		return 'R';
	case TASK_BLOCKED_SIGNAL:
		return 'S';
	case TASK_BLOCKED:
		return 'D';
	default:
		return 'Z';
	}
}

int thread_inspect(tid_t tid, struct thread_view *view)
{
	struct task *task = task_get(tid);
	arch_irq_state_t irq;

	if (!task && tid == PROCESS_PID) {
		*view = (struct thread_view){.state = 'Z'};
		return 0;
	}
	if (!task)
		return -ESRCH;
	*view = (struct thread_view){
		.state = state_letter(task),
		.cpu = atomic_load_explicit(&task->sched, memory_order_relaxed)->index,
		.start_ns = task->start_ns,
		.cpu_ns = clock_cycles_to_ns(sched_task_cycles(task)),
		.switches = {READ_ONCE(task->switches[0]), READ_ONCE(task->switches[1])},
	};
	for (unsigned i = 0; i < TASK_NAME_SIZE; i++)
		view->name[i] = task->name[i];
	irq = spin_lock(&process.lock);
	view->pending = task->signals.queue.pending;
	view->blocked = task->signals.blocked;
	spin_unlock(&process.lock, irq);
	task_put(task);
	return 0;
}

int thread_rename(tid_t tid, const char *name)
{
	struct task *task = task_get(tid);

	if (!task)
		return -ESRCH;
	task_set_name(task, name);
	task_put(task);
	return 0;
}

void signal_inspect(struct signal_view *view)
{
	arch_irq_state_t irq = spin_lock(&process.lock);

	*view = (struct signal_view){
		.pending = process.signals.pending,
		.queued = process.queued_signals,
	};
	for (int signo = 1; signo <= SIGNAL_COUNT; signo++) {
		if (process.actions[signo].handler == (uintptr_t)SIG_IGN)
			view->ignored |= SIGNAL_BIT(signo);
		else if (process.actions[signo].handler != (uintptr_t)SIG_DFL)
			view->caught |= SIGNAL_BIT(signo);
	}
	spin_unlock(&process.lock, irq);
}

uint64_t sched_cpu_idle_ns(unsigned cpu)
{
	const struct sched_cpu *sched = cpu_get(cpu)->sched;

	return sched ? clock_cycles_to_ns(sched_task_cycles(sched->idle)) : 0;
}

uint32_t sched_cpu_kicks(unsigned cpu)
{
	const struct sched_cpu *sched = cpu_get(cpu)->sched;

	return sched ? atomic_load_explicit(&sched->kicks, memory_order_relaxed) : 0;
}
