/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel timers: a red-black tree per CPU, ordered by deadline, in front of the CPU's one-shot
 * timer. Locks: timer_cpu.lock guards the tree and the timers in it; it is a leaf except that
 * nothing but the hardware is touched below it. Callbacks run without it.
 *
 * The hardware is only ever set by its own CPU. It is armed for the earliest deadline; a later
 * deadline never replaces an earlier one, and cancelling does not touch the hardware.
 */
#include <arch/timer.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <core/timer.h>
#include <lib/assert.h>

/* What every hardware can count in its own units without an overflow. */
#define STAGE_NS (3600 * NS_PER_SEC)

void timer_init(struct timer *timer, void (*callback)(struct timer *timer))
{
	*timer = (struct timer){.deadline_ns = TIME_NEVER, .callback = callback};
	timer->realtime_ns = TIME_NEVER;
}

void timer_cpu_init(struct timer_cpu *cpu) NO_THREAD_SAFETY
{
	spin_init(&cpu->lock);
	cpu->tree = (struct rb_tree){0};
	cpu->running = NULL;
	cpu->armed_ns = TIME_NEVER;
}

static struct timer *tree_first(struct timer_cpu *cpu) REQUIRES(cpu->lock)
{
	struct rb_node *node = rb_first(&cpu->tree);

	return node ? rb_entry(node, struct timer, node) : NULL;
}

/* Behind timers of the same deadline, so that equal deadlines fire in the order of arming. */
static void tree_insert(struct timer_cpu *cpu, struct timer *timer) REQUIRES(cpu->lock)
{
	struct rb_node *parent = NULL, *node = cpu->tree.root;
	enum rb_side side = RB_LEFT;

	while (node) {
		parent = node;
		side = timer->deadline_ns < rb_entry(node, struct timer, node)->deadline_ns
			       ? RB_LEFT
			       : RB_RIGHT;
		node = node->child[side];
	}
	rb_link(&cpu->tree, &timer->node, parent, side);
	timer->armed = true;
}

static void tree_remove(struct timer_cpu *cpu, struct timer *timer) REQUIRES(cpu->lock)
{
	ASSERT(timer->armed && timer->cpu == cpu);
	rb_erase(&cpu->tree, &timer->node);
	timer->armed = false;
}

/* Sets the hardware of the executing CPU, which CPU belongs to, if DEADLINE_NS is its earliest. */
static void hardware_arm(struct timer_cpu *cpu, uint64_t deadline_ns) REQUIRES(cpu->lock)
{
	uint64_t now;

	if (deadline_ns >= cpu->armed_ns)
		return;
	now = clock_monotonic_ns();
	cpu->armed_ns = deadline_ns;
	/* Far deadlines are armed in stages: the interrupt finds nothing due and arms anew. */
	arch_timer_arm(deadline_ns > now ? MIN(deadline_ns - now, STAGE_NS) : 0);
}

/* Takes TIMER off the CPU that it was armed on last. */
static bool timer_remove(struct timer *timer) NO_THREAD_SAFETY
{
	for (;;) {
		struct timer_cpu *cpu = timer->cpu;
		arch_irq_state_t irq;
		bool was_armed;

		if (!cpu)
			return false;
		irq = spin_lock(&cpu->lock);
		if (timer->cpu != cpu) {
			spin_unlock(&cpu->lock, irq);
			continue;
		}
		was_armed = timer->armed;
		if (was_armed)
			tree_remove(cpu, timer);
		spin_unlock(&cpu->lock, irq);
		return was_armed;
	}
}

static void timer_insert(struct timer *timer, uint64_t deadline_ns) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = arch_irq_save();
	struct timer_cpu *here = &cpu_this()->timers;

	ASSERT(timer->callback);
	if (timer->cpu && timer->cpu != here)
		timer_remove(timer);
	spin_lock_nested(&here->lock);
	timer->cpu = here;
	if (timer->armed)
		tree_remove(here, timer);
	timer->deadline_ns = deadline_ns;
	if (deadline_ns != TIME_NEVER) {
		tree_insert(here, timer);
		hardware_arm(here, deadline_ns);
	}
	spin_unlock_nested(&here->lock);
	arch_irq_restore(irq);
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
	timer->realtime_ns = TIME_NEVER;
	timer_insert(timer, deadline_ns);
}

/* The monotonic time at which real time will be REALTIME_NS, as real time is set now. */
static uint64_t realtime_to_monotonic(uint64_t realtime_ns)
{
	uint64_t monotonic, realtime;

	if (realtime_ns == TIME_NEVER)
		return TIME_NEVER;
	monotonic = clock_monotonic_ns();
	realtime = clock_realtime_ns();
	if (realtime_ns <= realtime)
		return 0;
	if (realtime_ns - realtime >= TIME_NEVER - monotonic)
		return TIME_NEVER;
	return monotonic + (realtime_ns - realtime);
}

void timer_arm_realtime(struct timer *timer, uint64_t realtime_ns)
{
	timer->realtime_ns = realtime_ns;
	timer_insert(timer, realtime_to_monotonic(realtime_ns));
}

/* The first timer of CPU whose deadline does not agree with real time any more. Two readings of the
 * clocks differ by a little, hence the tolerance. */
static struct timer *find_moved(struct timer_cpu *cpu, uint64_t *deadline_ns) REQUIRES(cpu->lock)
{
	struct rb_node *node;

	for (node = rb_first(&cpu->tree); node; node = rb_next(node)) {
		struct timer *timer = rb_entry(node, struct timer, node);
		uint64_t now_due = realtime_to_monotonic(timer->realtime_ns);
		uint64_t difference;

		if (timer->realtime_ns == TIME_NEVER || now_due == TIME_NEVER)
			continue;
		difference = now_due > timer->deadline_ns ? now_due - timer->deadline_ns
							  : timer->deadline_ns - now_due;
		if (now_due ? difference > NS_PER_MSEC : timer->deadline_ns != 0) {
			*deadline_ns = now_due;
			return timer;
		}
	}
	return NULL;
}

void timer_realtime_changed(void)
{
	for (unsigned i = 0; i < cpu_count(); i++) {
		struct timer_cpu *cpu = &cpu_get(i)->timers;
		struct timer *timer;
		uint64_t deadline_ns;
		arch_irq_state_t irq = spin_lock(&cpu->lock);

		while ((timer = find_moved(cpu, &deadline_ns))) {
			tree_remove(cpu, timer);
			timer->deadline_ns = deadline_ns;
			tree_insert(cpu, timer);
		}
		spin_unlock(&cpu->lock, irq);
		if (i != cpu_index())
			arch_cpu_kick(i);
	}
	arch_irq_state_t irq = arch_irq_save();
	timer_rearm();
	arch_irq_restore(irq);
}

bool timer_cancel(struct timer *timer) NO_THREAD_SAFETY
{
	for (;;) {
		struct timer_cpu *cpu;

		if (timer_remove(timer))
			return true;
		cpu = timer->cpu;
		if (!cpu || cpu == &cpu_this()->timers || READ_ONCE(cpu->running) != timer)
			return false;
		while (READ_ONCE(cpu->running) == timer)
			arch_cpu_relax();
		/* The callback may have armed it again. */
	}
}

void timer_rearm(void)
{
	struct timer_cpu *cpu = &cpu_this()->timers;
	struct timer *first;

	spin_lock_nested(&cpu->lock);
	first = tree_first(cpu);
	if (first)
		hardware_arm(cpu, first->deadline_ns);
	spin_unlock_nested(&cpu->lock);
}

void timer_interrupt(void)
{
	struct timer_cpu *cpu = &cpu_this()->timers;
	uint64_t now = clock_monotonic_ns();
	struct timer *timer;

	spin_lock_nested(&cpu->lock);
	cpu->armed_ns = TIME_NEVER;
	while ((timer = tree_first(cpu)) && timer->deadline_ns <= now) {
		tree_remove(cpu, timer);
		cpu->running = timer;
		spin_unlock_nested(&cpu->lock);
		timer->callback(timer);
		spin_lock_nested(&cpu->lock);
		cpu->running = NULL;
	}
	if (timer)
		hardware_arm(cpu, timer->deadline_ns);
	spin_unlock_nested(&cpu->lock);
}
