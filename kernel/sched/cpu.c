/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CPUs of the scheduler: start, idle task, stealing, and what concerns all of them.
 *
 * An idle CPU looks for work with interrupts off and then waits in one step with turning them on,
 * so that an interrupt that brings work ends the wait (no lost wake-up). Before it waits it marks
 * itself idle and looks for tasks that wait for other CPUs.
 */
#include <arch/cpu.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/panic.h>
#include <mm/heap.h>
#include <mm/policy.h>
#include <sched/sched.h>

#include "internal.h"

static struct sched_cpu boot_sched;

/* Takes a task that waits for another CPU and may run on this one. Idle task only. */
static bool steal(struct sched_cpu *self) NO_THREAD_SAFETY
{
	unsigned count = cpu_count();

	for (unsigned i = 1; i < count; i++) {
		struct sched_cpu *victim = cpu_get((self->index + i) % count)->sched;
		struct task *task, *found = NULL;
		int top;

		if (!victim || !READ_ONCE(victim->queue.bitmap))
			continue;
		arch_irq_state_t irq = spin_lock(&victim->lock);
		top = runqueue_top(&victim->queue);
		if (top >= 0) {
			list_for_each_entry (task, &victim->queue.lists[top], run_node) {
				if (sched_may_run_on(task, self->index)) {
					found = task;
					break;
				}
			}
		}
		if (found) {
			runqueue_remove(&victim->queue, &found->run_node, found->priority);
			atomic_store_explicit(&found->sched, self, memory_order_release);
		}
		spin_unlock(&victim->lock, irq);
		if (!found)
			continue;
		irq = spin_lock(&self->lock);
		runqueue_push(&self->queue, &found->run_node, found->priority, false);
		spin_unlock(&self->lock, irq);
		return true;
	}
	return false;
}

static noreturn void idle_loop(struct sched_cpu *sched)
{
	for (;;) {
		arch_irq_disable();
		/* Marked before it looks: a waker either sees the mark and kicks, or is seen. */
		sched_idle_mark(sched->index, true);
		if (READ_ONCE(sched->queue.bitmap) || (cpu_count() > 1 && steal(sched))) {
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

void sched_init_cpu(void) NO_THREAD_SAFETY
{
	struct cpu *cpu = cpu_this();
	struct sched_cpu *sched = cpu->arch.index ? kzalloc(sizeof(*sched)) : &boot_sched;

	if (!sched)
		panic("sched_init_cpu: no memory for CPU %u", cpu->arch.index);
	spin_init(&sched->lock);
	runqueue_init(&sched->queue);
	sched->index = cpu->arch.index;
	sched->current_priority = -1;
	sched->switch_cycles = arch_cycles();
	timer_init(&sched->slice, sched_slice_end);
	timer_cpu_init(&cpu->timers);
	cpu->sched = sched;
	sched->idle = task_create_idle(sched->index);
	if (!sched->idle)
		panic("sched_init_cpu: no memory for CPU %u", cpu->arch.index);
	sched->idle->sched = sched;
	sched->idle->on_cpu = true;
	sched->current = sched->idle;
	cpu->current = sched->idle;
	if (!cpu->arch.index) {
		futex_init();
		mm_policy_set_source(task_memory);
		irq_set_fixed(ARCH_VECTOR_TIMER, timer_irq, NULL);
		irq_set_fixed(ARCH_VECTOR_RESCHED, sched_kicked, NULL);
	}
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

void sched_barrier_all(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned i = 0; i < cpu_count(); i++) {
		struct sched_cpu *sched = cpu_get(i)->sched;
		uint32_t before;

		if (!sched || i == cpu_index())
			continue;
		before = atomic_load_explicit(&sched->kicks, memory_order_seq_cst);
		arch_cpu_kick(i);
		while (atomic_load_explicit(&sched->kicks, memory_order_seq_cst) == before)
			arch_cpu_relax();
	}
}
