/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CPUs of the scheduler: start, idle task, stealing, and what concerns all of them.
 *
 * An idle CPU looks for work with interrupts off and then waits in one step with turning them on,
 * so that an interrupt that brings work ends the wait (no lost wake-up). Before it waits it marks
 * itself idle and looks for tasks that wait for other CPUs.
 */
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/panic.h>
#include <mm/heap.h>
#include <mm/policy.h>
#include <sched/sched.h>

#include "internal.h"

static struct sched_cpu boot_sched;

/* How often an idle CPU looks again because a run queue was locked when it looked. */
#define STEAL_ATTEMPTS 8u

/* The most urgent task that waits for VICTIM's CPU and may run on SELF's. */
static struct task *find_movable(struct sched_cpu *victim, const struct sched_cpu *self)
	REQUIRES(victim->lock)
{
	struct task *task;

	for (uint32_t left = victim->queue.bitmap; left;) {
		unsigned priority = 31 - (unsigned)__builtin_clz(left);

		list_for_each_entry (task, &victim->queue.lists[priority], run_node) {
			if (sched_may_run_on(task, self->index))
				return task;
		}
		left &= ~(1u << priority);
	}
	return NULL;
}

/* Takes a task that waits for VICTIM, for SELF to run. 1, 0: there is none, -1: VICTIM is locked,
 * and nobody queues for the lock of a CPU that has work to do. */
static int steal_from(struct sched_cpu *victim, struct sched_cpu *self) NO_THREAD_SAFETY
{
	struct task *task;

	/* Also what an idle CPU has been given and has not woken up for yet. */
	if (!READ_ONCE(victim->queue.bitmap))
		return 0;
	if (!spin_try_lock_nested(&victim->lock))
		return -1;
	task = find_movable(victim, self);
	if (!task) {
		spin_unlock_nested(&victim->lock);
		return 0;
	}
	runqueue_remove(&victim->queue, &task->run_node, task->priority);
	sched_move(task, victim, self);
	if (unlikely(!sched_may_run_on(task, self->index))) { /* any more */
		sched_place(task, self, arch_irq_save());
		return 0;
	}
	runqueue_push(&self->queue, &task->run_node, task->priority, false);
	spin_unlock_nested(&self->lock);
	return 1;
}

/* Takes a task that waits for another CPU and may run on this one. Idle task only, interrupts off.
 */
static bool steal(struct sched_cpu *self)
{
	unsigned count = cpu_count();

	for (unsigned attempt = 0; attempt < STEAL_ATTEMPTS; attempt++) {
		bool again = false;

		for (unsigned i = 1; i < count; i++) {
			struct sched_cpu *victim = cpu_get((self->index + i) % count)->sched;
			int result = steal_from(victim, self);

			if (result > 0)
				return true;
			again |= result < 0;
		}
		if (!again || READ_ONCE(self->queue.bitmap))
			break;
		arch_tlb_serve();
		arch_cpu_relax();
	}
	return false;
}

static noreturn void idle_loop(struct sched_cpu *sched)
{
	for (;;) {
		arch_irq_disable();
		/* Marked before it looks: a waker either sees the mark and kicks, or is seen. */
		sched_idle_mark(sched->index, true);
		if (READ_ONCE(sched->queue.bitmap) || (cpu_count() > 1 && steal(sched)) ||
		    READ_ONCE(sched->queue.bitmap)) {
			sched_idle_mark(sched->index, false);
			sched_switch();
			arch_irq_enable();
			continue;
		}
		arch_cpu_idle();
	}
}

static void timer_irq(void *unused)
{
	(void)unused;
	timer_interrupt();
}

static void prepare(struct cpu *cpu, struct sched_cpu *sched) NO_THREAD_SAFETY
{
	spin_init(&sched->lock);
	runqueue_init(&sched->queue);
	sched->index = cpu->arch.index;
	sched->current_priority = -1;
	sched->helper = -1;
	timer_init(&sched->slice, sched_slice_end);
	timer_cpu_init(&cpu->timers);
	cpu->sched = sched;
	sched->idle = task_create_idle(sched);
	sched->current = sched->idle;
	cpu->current = sched->idle;
}

uintptr_t sched_prepare_cpu(struct cpu *cpu)
{
	struct sched_cpu *sched = kzalloc(sizeof(*sched));

	if (!sched)
		return 0;
	prepare(cpu, sched);
	if (sched->idle)
		return sched->idle->stack_top;
	kfree(sched);
	return 0;
}

void sched_init_cpu(void)
{
	struct cpu *cpu = cpu_this();

	if (!cpu->arch.index) {
		prepare(cpu, &boot_sched);
		if (!cpu->sched->idle)
			panic("sched_init_cpu: no memory");
		futex_init();
		mm_policy_set_source(task_memory);
		irq_set_fixed(ARCH_VECTOR_TIMER, timer_irq, NULL);
		irq_set_fixed(ARCH_VECTOR_RESCHED, sched_kicked, NULL);
	}
	cpu->sched->switch_cycles = arch_cycles();
}

static noreturn void idle_entry(void *unused)
{
	(void)unused;
	idle_loop(cpu_this()->sched);
}

void sched_start(void)
{
	struct task *idle = cpu_this()->sched->idle;
	struct arch_context abandoned = {0};

	ASSERT(!arch_irq_enabled() && task_current() == idle);
	arch_context_init(&idle->context, idle->stack_top, idle_entry, NULL);
	arch_context_switch(&abandoned, &idle->context, idle->stack_top);
	panic("sched_start: the idle task returned");
}

uint64_t sched_idle_ns(void)
{
	uint64_t cycles = 0;

	for (unsigned i = 0; i < cpu_count(); i++) {
		if (cpu_get(i)->sched)
			cycles += sched_task_cycles(cpu_get(i)->sched->idle);
	}
	return clock_cycles_to_ns(cycles);
}

unsigned sched_runnable_count(void) NO_THREAD_SAFETY
{
	unsigned count = 0;

	for (unsigned i = 0; i < cpu_count(); i++) {
		const struct sched_cpu *sched = cpu_get(i)->sched;

		if (sched)
			count += READ_ONCE(sched->queue.count) +
				 (READ_ONCE(sched->current_priority) >= 0);
	}
	return count;
}

void sched_interrupt(struct sched_cpu *sched)
{
	uint32_t before = atomic_load_explicit(&sched->kicks, memory_order_seq_cst);

	ASSERT(arch_irq_enabled() && sched->index != cpu_index());
	arch_cpu_kick(sched->index);
	while (atomic_load_explicit(&sched->kicks, memory_order_seq_cst) == before)
		arch_cpu_relax();
}

void sched_barrier_all(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < cpu_count(); i++) {
		struct sched_cpu *sched = cpu_get(i)->sched;

		if (sched && i != cpu_index())
			sched_interrupt(sched);
	}
}
