/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scheduler: run queues per CPU, task switch, wake-up, time slices.
 *
 * Locks: sched_cpu.lock guards a run queue and the scheduling state of the tasks that belong to it
 * (task.sched). It is held across the switch and released by the task that was switched to, so
 * whoever holds it finds the registers of every task that does not run saved. Two run queues are
 * never locked at once. The protocols are in docs/locking.md.
 *
 * A time slice is measured only while an equal of the running task waits. Its timer stays armed
 * across switches and is checked against the running task's own stretch when it fires, so that
 * tasks that hand over to each other quickly cost one interrupt per slice, not one per switch.
 */
#include <arch/context.h>
#include <arch/cpu.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <linux/sched.h>

#include "internal.h"

/* CPUs whose idle task runs. A bit is set by its CPU under its lock, cleared by it likewise or by
 * whoever has chosen that CPU for a task. */
static _Atomic uint64_t idle_cpus[CPU_MAX / 64];

void sched_idle_mark(unsigned cpu, bool idle)
{
	uint64_t bit = 1ull << (cpu % 64);

	if (idle)
		atomic_fetch_or_explicit(&idle_cpus[cpu / 64], bit, memory_order_seq_cst);
	else
		atomic_fetch_and_explicit(&idle_cpus[cpu / 64], ~bit, memory_order_relaxed);
}

static bool idle_claim(unsigned cpu)
{
	uint64_t bit = 1ull << (cpu % 64);

	return atomic_load_explicit(&idle_cpus[cpu / 64], memory_order_relaxed) & bit &&
	       atomic_fetch_and_explicit(&idle_cpus[cpu / 64], ~bit, memory_order_relaxed) & bit;
}

/* Claims an idle CPU that TASK may run on, the nearest number from START on; -1: there is none. */
static int idle_claim_any(const struct task *task, unsigned start)
{
	unsigned words = (cpu_count() + 63) / 64;

	for (unsigned i = 0; i <= words; i++) {
		unsigned word = (start / 64 + i) % words;
		uint64_t bits = atomic_load_explicit(&idle_cpus[word], memory_order_relaxed) &
				task->affinity.bits[word];

		if (i == 0)
			bits &= ~0ull << (start % 64);
		for (; bits; bits &= bits - 1) {
			unsigned cpu = word * 64 + (unsigned)__builtin_ctzll(bits);

			if (idle_claim(cpu))
				return (int)cpu;
		}
	}
	return -1;
}

static uint64_t slice_cycles(void)
{
	return clock_tsc_hz() / (NS_PER_SEC / SCHED_SLICE_NS);
}

/* An equal of the running task waits: its slice counts from now on. Only on the executing CPU. */
static void slice_start(struct sched_cpu *sched) REQUIRES(sched->lock)
{
	if (sched->slice_armed)
		return;
	sched->slice_armed = true;
	timer_arm(&sched->slice, clock_monotonic_ns() + SCHED_SLICE_NS);
}

/* The slice timer's callback. */
void sched_slice_end(struct timer *timer)
{
	struct sched_cpu *sched = container_of(timer, struct sched_cpu, slice);
	uint64_t ran, slice = slice_cycles();

	spin_lock_nested(&sched->lock);
	sched->slice_armed = false;
	if (sched->current_priority >= 0 &&
	    runqueue_top(&sched->queue) == sched->current_priority &&
	    sched->current->policy != SCHED_FIFO) {
		ran = arch_cycles() - sched->switch_cycles;
		if (ran >= slice - slice / 16) {
			sched->rotate = true;
			sched_work_set(ARCH_WORK_RESCHED);
		} else {
			sched->slice_armed = true;
			timer_arm(&sched->slice,
				  clock_monotonic_ns() + SCHED_SLICE_NS * (slice - ran) / slice);
		}
	}
	spin_unlock_nested(&sched->lock);
}

struct sched_cpu *sched_lock_task(struct task *task, arch_irq_state_t *irq) NO_THREAD_SAFETY
{
	for (;;) {
		struct sched_cpu *sched = atomic_load_explicit(&task->sched, memory_order_acquire);

		*irq = spin_lock(&sched->lock);
		if (likely(sched == atomic_load_explicit(&task->sched, memory_order_relaxed)))
			return sched;
		spin_unlock(&sched->lock, *irq);
	}
}

/* The first CPU that TASK may run on. */
static struct sched_cpu *allowed_cpu(const struct task *task)
{
	unsigned cpu = 0, count = cpu_count();

	while (cpu < count - 1 && !sched_may_run_on(task, cpu))
		cpu++;
	return cpu_get(cpu)->sched;
}

/* The best CPU for TASK, which is runnable: the one it ran on if that is idle or there is no idle
 * one. An idle CPU is claimed. */
static struct sched_cpu *choose_cpu(struct task *task, struct sched_cpu *last)
{
	bool last_allowed = sched_may_run_on(task, last->index);
	int idle;

	if (cpu_count() == 1 || (last_allowed && idle_claim(last->index)))
		return last;
	idle = idle_claim_any(task, last->index);
	if (idle >= 0)
		return cpu_get((unsigned)idle)->sched;
	return last_allowed ? last : allowed_cpu(task);
}

/* SCHED has tasks that wait: an idle CPU that can take the first of them is claimed, for the caller
 * to kick when SCHED is unlocked; -1: none. Between the change of the queue and the look at the
 * idle CPUs is a full barrier; an idle CPU has one between its mark and its look at the queues. */
static int find_helper(struct sched_cpu *sched) REQUIRES(sched->lock)
{
	int top = runqueue_top(&sched->queue);

	if (cpu_count() == 1 || top < 0)
		return -1;
	atomic_thread_fence(memory_order_seq_cst);
	return idle_claim_any(
		list_entry(list_front(&sched->queue.lists[top]), struct task, run_node),
		sched->index);
}

static void kick(int cpu)
{
	if (cpu >= 0)
		arch_cpu_kick((unsigned)cpu);
}

/* TASK has been added to SCHED's queue: sees to it that a CPU takes notice. The CPU that the caller
 * kicks when SCHED is unlocked (others would spin for the lock meanwhile), or -1. */
static int notice(struct sched_cpu *sched, const struct task *task) REQUIRES(sched->lock)
{
	bool here = sched == cpu_this()->sched;
	int helper;

	if (task->priority > sched->current_priority) {
		if (!here)
			return (int)sched->index;
		sched_work_set(ARCH_WORK_RESCHED);
		return -1;
	}
	helper = find_helper(sched);
	if (helper < 0 && task->priority == sched->current_priority) {
		if (!here)
			return (int)sched->index;
		slice_start(sched);
	}
	return helper;
}

void sched_move(struct task *task, struct sched_cpu *from, struct sched_cpu *to) NO_THREAD_SAFETY
{
	atomic_store_explicit(&task->sched, to, memory_order_release);
	spin_unlock_nested(&from->lock);
	spin_lock_nested(&to->lock);
}

void sched_place(struct task *task, struct sched_cpu *sched, arch_irq_state_t irq) NO_THREAD_SAFETY
{
	struct sched_cpu *best;
	int cpu;

	ASSERT(!list_linked(&task->run_node) && !task->on_cpu);
	while ((best = choose_cpu(task, sched)) != sched) {
		sched_move(task, sched, best);
		sched = best;
		if (likely(sched_may_run_on(task, sched->index)))
			break;
		kick((int)sched->index); /* it was claimed for nothing */
	}
	runqueue_push(&sched->queue, &task->run_node, task->priority, false);
	cpu = notice(sched, task);
	spin_unlock_nested(&sched->lock);
	kick(cpu);
	arch_irq_restore(irq);
}

void sched_add(struct task *task) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct sched_cpu *sched = sched_lock_task(task, &irq);

	sched_place(task, sched, irq);
}

bool sched_wake(struct task *task, uint32_t states) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct sched_cpu *sched = sched_lock_task(task, &irq);

	if (!(atomic_load_explicit(&task->state, memory_order_relaxed) & states)) {
		spin_unlock(&sched->lock, irq);
		return false;
	}
	atomic_store_explicit(&task->state, TASK_RUNNABLE, memory_order_relaxed);
	if (task->on_cpu) /* it has not blocked yet and will not */
		spin_unlock(&sched->lock, irq);
	else
		sched_place(task, sched, irq);
	return true;
}

bool task_wake(struct task *task)
{
	return sched_wake(task, TASK_BLOCKED | TASK_BLOCKED_SIGNAL);
}

void sched_notify_signal(struct task *task) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct sched_cpu *sched;
	int cpu = -1;

	if (sched_wake(task, TASK_BLOCKED_SIGNAL))
		return;
	sched = sched_lock_task(task, &irq);
	if (task->on_cpu) {
		if (sched == cpu_this()->sched)
			sched_work_set(ARCH_WORK_SIGNAL);
		else
			cpu = (int)sched->index;
	}
	spin_unlock_nested(&sched->lock);
	kick(cpu);
	arch_irq_restore(irq);
}

/* Compares the queue of the executing CPU with the task that runs. */
static void heed_queue(struct sched_cpu *sched) REQUIRES(sched->lock)
{
	int top = runqueue_top(&sched->queue);

	if (top > sched->current_priority)
		sched_work_set(ARCH_WORK_RESCHED);
	else if (top >= 0 && top == sched->current_priority)
		slice_start(sched);
}

/* The reschedule interrupt: another CPU has changed something that concerns this one. */
void sched_kicked(void *unused)
{
	struct sched_cpu *sched = cpu_this()->sched;

	(void)unused;
	/* First: who sees it (sched_interrupt) knows that what it did before is seen here. */
	atomic_fetch_add_explicit(&sched->kicks, 1, memory_order_seq_cst);
	spin_lock_nested(&sched->lock);
	heed_queue(sched);
	if (sched->current->signal_work)
		sched_work_set(ARCH_WORK_SIGNAL);
	if (!sched_may_run_on(sched->current, sched->index) && sched->current != sched->idle)
		sched_work_set(ARCH_WORK_RESCHED);
	spin_unlock_nested(&sched->lock);
	timer_rearm();
}

/* What becomes of the running task PREV: back into the queue when it can go on. */
static void put_previous(struct sched_cpu *sched, struct task *prev) REQUIRES(sched->lock)
{
	if (prev == sched->idle)
		return;
	if (prev->state != TASK_RUNNABLE) {
		if (prev->state == TASK_DEAD)
			sched->leftover = prev;
		prev->switches[0]++;
	} else if (likely(sched_may_run_on(prev, sched->index))) {
		runqueue_push(&sched->queue, &prev->run_node, prev->priority, !sched->rotate);
		prev->switches[1]++;
	} else {
		sched->leftover = prev;
	}
}

/* Makes NEXT the running task of SCHED's CPU in all records. */
static void account_switch(struct sched_cpu *sched, struct task *prev, struct task *next)
	REQUIRES(sched->lock)
{
	uint64_t now = arch_cycles();

	prev->cycles += now - sched->switch_cycles;
	sched->switch_cycles = now;
	prev->on_cpu = false;
	next->on_cpu = true;
	sched->current = next;
	sched->current_priority = next == sched->idle ? -1 : next->priority;
	if (unlikely(next == sched->idle))
		sched_idle_mark(sched->index, true);
}

void sched_switch(void) NO_THREAD_SAFETY
{
	struct cpu *cpu = cpu_this();
	arch_irq_state_t irq = spin_lock(&cpu->sched->lock);
	struct sched_cpu *sched = cpu->sched;
	struct task *prev = cpu->current, *next;
	struct list_node *node;

	ASSERT(!cpu->irq_nesting);
	put_previous(sched, prev);
	sched->rotate = false;
	node = runqueue_pop(&sched->queue);
	next = node ? list_entry(node, struct task, run_node) : sched->idle;
	/* The work of the task that goes on; senders and wakers that come later add to it. */
	cpu->arch.work = next->signal_work ? ARCH_WORK_SIGNAL : 0;
	sched->helper = find_helper(sched);
	if (sched->queue.bitmap && runqueue_top(&sched->queue) == next->priority)
		slice_start(sched);
	if (next != prev) {
		account_switch(sched, prev, next);
		cpu->current = next;
		arch_context_switch(&prev->context, &next->context, next->stack_top);
	}
	sched_finish_switch();
	arch_irq_restore(irq);
}

void sched_finish_switch(void) NO_THREAD_SAFETY
{
	struct sched_cpu *sched = cpu_this()->sched; /* not that of before the switch */
	struct task *leftover = sched->leftover;
	int helper = sched->helper;

	sched->leftover = NULL;
	spin_unlock_nested(&sched->lock);
	kick(helper);
	if (likely(!leftover))
		return;
	if (leftover->state == TASK_DEAD)
		task_put(leftover);
	else
		sched_add(leftover);
}

void task_yield(void) NO_THREAD_SAFETY
{
	struct sched_cpu *sched = cpu_this()->sched;
	arch_irq_state_t irq;

	/* A task that becomes runnable right now sets ARCH_WORK_RESCHED or starts a slice. */
	if (runqueue_top(&sched->queue) < sched->current_priority)
		return;
	irq = spin_lock(&sched->lock);
	sched->rotate = true;
	spin_unlock(&sched->lock, irq);
	sched_switch();
}

uint64_t sched_task_cycles(struct task *task) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct sched_cpu *sched = sched_lock_task(task, &irq);
	uint64_t cycles = task->cycles;

	if (task->on_cpu)
		cycles += arch_cycles() - sched->switch_cycles;
	spin_unlock(&sched->lock, irq);
	return cycles;
}

/* The running task of SCHED's CPU has another priority: the CPU to kick, or -1. */
static int priority_changed(struct sched_cpu *sched) REQUIRES(sched->lock)
{
	if (sched != cpu_this()->sched)
		return runqueue_top(&sched->queue) >= sched->current_priority ? (int)sched->index
									      : -1;
	heed_queue(sched);
	return -1;
}

void sched_set_priority(struct task *task, unsigned priority) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct sched_cpu *sched = sched_lock_task(task, &irq);
	int cpu = -1;

	ASSERT(priority < TASK_PRIORITY_COUNT);
	if (list_linked(&task->run_node)) {
		runqueue_remove(&sched->queue, &task->run_node, task->priority);
		task->priority = (uint8_t)priority;
		runqueue_push(&sched->queue, &task->run_node, priority, false);
		cpu = notice(sched, task);
	} else {
		task->priority = (uint8_t)priority;
		if (task->on_cpu) {
			sched->current_priority = (int)priority;
			cpu = priority_changed(sched);
		}
	}
	spin_unlock_nested(&sched->lock);
	kick(cpu);
	arch_irq_restore(irq);
}

void sched_set_affinity(struct task *task, const struct cpu_set *set) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	struct sched_cpu *sched = sched_lock_task(task, &irq);

	task->affinity = *set;
	if (sched_may_run_on(task, sched->index)) {
		spin_unlock(&sched->lock, irq);
	} else if (list_linked(&task->run_node)) {
		runqueue_remove(&sched->queue, &task->run_node, task->priority);
		sched_place(task, sched, irq);
	} else {
		bool running = task->on_cpu;

		spin_unlock(&sched->lock, irq);
		if (running && task == task_current())
			sched_switch();
		else if (running)
			sched_interrupt(sched);
	}
}
