/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * core/timer.c with two fake CPUs, a fake clock and a fake one-shot timer: order of expiry,
 * re-arming, cancelling, moving between CPUs, real time being set, and the hardware never being
 * armed too late.
 */
#include <arch/timer.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <core/timer.h>

#include "../common/unit.h"

#define CPUS   2u
#define TIMERS 64u
#define STEPS  20000u

bool fake_irqs_on = true;
struct arch_percpu *fake_percpu;

static struct cpu cpus[CPUS];
static uint64_t now_ns = 1000, realtime_offset = 1000000 * NS_PER_SEC;
static uint64_t hardware_ns[CPUS]; /* when the CPU's interrupt comes */
static unsigned kicks;

static void run_on(unsigned cpu)
{
	fake_percpu = &cpus[cpu].arch;
}

unsigned cpu_count(void)
{
	return CPUS;
}

struct cpu *cpu_get(unsigned index)
{
	return &cpus[index];
}

uint64_t clock_monotonic_ns(void)
{
	return now_ns;
}

uint64_t clock_realtime_ns(void)
{
	return now_ns + realtime_offset;
}

void arch_timer_arm(uint64_t delta_ns)
{
	CHECK(!fake_irqs_on);
	hardware_ns[cpu_index()] = now_ns + delta_ns;
}

void arch_cpu_kick(unsigned index)
{
	struct arch_percpu *sender = fake_percpu;
	bool irqs_on = fake_irqs_on;

	kicks++;
	run_on(index);
	fake_irqs_on = false;
	timer_rearm();
	fake_irqs_on = irqs_on;
	fake_percpu = sender;
}

arch_irq_state_t spin_lock(struct spinlock *lock)
{
	CHECK(!lock->owner);
	lock->owner = 1;
	return arch_irq_save();
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state)
{
	CHECK(lock->owner);
	lock->owner = 0;
	arch_irq_restore(state);
}

void spin_lock_nested(struct spinlock *lock)
{
	CHECK(!fake_irqs_on && !lock->owner);
	lock->owner = 1;
}

void spin_unlock_nested(struct spinlock *lock)
{
	CHECK(lock->owner);
	lock->owner = 0;
}

struct item {
	struct timer timer;
	uint64_t due; /* 0: not armed */
	unsigned cpu;
	unsigned fired;
	uint64_t again; /* arms itself so much later */
};

static struct item items[TIMERS];
static uint64_t last_due[CPUS];

static void fired(struct timer *timer)
{
	struct item *item = container_of(timer, struct item, timer);

	CHECK(!fake_irqs_on);
	CHECK(item->due && item->due <= now_ns);
	CHECK_EQ(item->cpu, cpu_index());
	CHECK(item->due >= last_due[cpu_index()]);
	last_due[cpu_index()] = item->due;
	item->due = 0;
	item->fired++;
	if (item->again) {
		item->due = now_ns + item->again;
		item->again = 0;
		timer_arm(timer, item->due);
	}
}

/* Lets time pass until THEN, with the interrupts that come on the way. */
static void pass(uint64_t then)
{
	for (;;) {
		unsigned cpu = hardware_ns[0] <= hardware_ns[1] ? 0 : 1;
		uint64_t at = hardware_ns[cpu];

		if (at > then)
			break;
		now_ns = MAX(now_ns, at);
		hardware_ns[cpu] = TIME_NEVER;
		last_due[cpu] = 0;
		run_on(cpu);
		fake_irqs_on = false;
		timer_interrupt();
		fake_irqs_on = true;
	}
	now_ns = then;
	for (unsigned i = 0; i < TIMERS; i++)
		CHECK(!items[i].due || items[i].due > now_ns);
}

static void setup(void)
{
	for (unsigned i = 0; i < CPUS; i++) {
		cpus[i].arch.index = i;
		hardware_ns[i] = TIME_NEVER;
		run_on(i);
		timer_cpu_init(&cpus[i].timers);
	}
	for (unsigned i = 0; i < TIMERS; i++)
		timer_init(&items[i].timer, fired);
	run_on(0);
}

static void arm(unsigned i, uint64_t due)
{
	items[i].due = due;
	items[i].cpu = cpu_index();
	timer_arm(&items[i].timer, due);
}

static void test_order(void)
{
	arm(0, now_ns + 300);
	arm(1, now_ns + 100);
	arm(2, now_ns + 200);
	arm(3, now_ns - 1); /* due already: fires by interrupt, not in timer_arm */
	CHECK_EQ(items[3].fired, 0);
	pass(now_ns);
	CHECK_EQ(items[3].fired, 1);
	pass(now_ns + 250);
	CHECK_EQ(items[0].fired + items[1].fired * 10 + items[2].fired * 100, 110);
	CHECK(timer_cancel(&items[0].timer));
	items[0].due = 0;
	CHECK(!timer_cancel(&items[0].timer));
	pass(now_ns + 1000);
	CHECK_EQ(items[0].fired, 0);
}

static void test_never(void)
{
	timer_arm(&items[0].timer, TIME_NEVER);
	CHECK(!timer_cancel(&items[0].timer));
	arm(0, now_ns + 50);
	timer_arm(&items[0].timer, TIME_NEVER);
	items[0].due = 0;
	pass(now_ns + 100);
	CHECK_EQ(items[0].fired, 0);
}

static void test_move_and_cancel_elsewhere(void)
{
	arm(5, now_ns + 100);
	run_on(1);
	arm(5, now_ns + 200); /* checks in fired(): it must come on CPU 1 */
	pass(now_ns + 300);
	CHECK_EQ(items[5].fired, 1);
	run_on(0);
	arm(6, now_ns + 100);
	run_on(1);
	CHECK(timer_cancel(&items[6].timer));
	items[6].due = 0;
	pass(now_ns + 200);
	CHECK_EQ(items[6].fired, 0);
	run_on(0);
}

static void test_realtime(void)
{
	uint64_t start = now_ns;

	run_on(1);
	items[7].cpu = 1;
	items[7].due = start + NS_PER_SEC;
	timer_arm_realtime(&items[7].timer, clock_realtime_ns() + NS_PER_SEC);
	run_on(0);
	arm(8, start + 2 * NS_PER_SEC); /* monotonic: not affected */
	realtime_offset += NS_PER_SEC / 2;
	kicks = 0;
	items[7].due = start + NS_PER_SEC / 2;
	timer_realtime_changed();
	CHECK_EQ(kicks, 1);
	pass(start + NS_PER_SEC / 2 - 1);
	CHECK_EQ(items[7].fired, 0);
	pass(start + NS_PER_SEC / 2);
	CHECK_EQ(items[7].fired, 1);
	realtime_offset -= 1000 * NS_PER_SEC;
	timer_realtime_changed();
	pass(start + 2 * NS_PER_SEC);
	CHECK_EQ(items[8].fired, 1);
}

/* A deadline that real time has passed already fires at once after the jump. */
static void test_realtime_jump_over(void)
{
	items[9].cpu = 0;
	items[9].due = 1;
	items[9].fired = 0;
	run_on(0);
	timer_arm_realtime(&items[9].timer, clock_realtime_ns() + 100 * NS_PER_SEC);
	realtime_offset += 200 * NS_PER_SEC;
	timer_realtime_changed();
	run_on(0);
	CHECK(hardware_ns[0] <= now_ns);
	pass(now_ns);
	CHECK_EQ(items[9].fired, 1);
}

static void test_random(void)
{
	for (unsigned step = 0; step < STEPS; step++) {
		struct item *item = &items[unit_below(TIMERS)];
		unsigned i = (unsigned)(item - items);

		run_on((unsigned)unit_below(CPUS));
		switch (unit_below(4)) {
		case 0:
		case 1:
			arm(i, now_ns + unit_below(5000));
			break;
		case 2:
			CHECK_EQ(timer_cancel(&item->timer), item->due != 0);
			item->due = 0;
			break;
		default:
			item->again = unit_below(3000) + 1;
			pass(now_ns + unit_below(2000));
		}
	}
	pass(now_ns + 100000);
	for (unsigned i = 0; i < TIMERS; i++)
		CHECK(!items[i].due);
}

int main(void)
{
	setup();
	test_order();
	test_never();
	test_move_and_cancel_elsewhere();
	test_realtime();
	test_realtime_jump_over();
	test_random();
	return 0;
}
