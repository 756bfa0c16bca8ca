/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers that send signals. A periodic timer does not fire again before its signal has been taken
 * (as in Linux: no storm of signals that nobody reads); the periods that passed meanwhile are
 * counted as overruns. The signal's queue entry is part of the timer, so sending cannot fail.
 *
 * Lock: process.lock guards all of a timer but its place in the timer queue. The callback takes it,
 * so timer_cancel is called without it. A timer that is being deleted is `dead`: its callback does
 * nothing.
 */
#include <asm/errno.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <core/clock.h>
#include <linux/time.h>
#include <mm/heap.h>
#include <sched/posix_timer.h>

#include "internal.h"

#define TIMERS_MAX	 4096u
#define SAMPLE_MIN_NS	 NS_PER_MSEC
#define OVERRUN_MAX	 0x7fffffff
#define IGNORED_PAUSE_NS (4 * NS_PER_MSEC)

struct posix_timer {
	struct list_node node; /* in timers; unlinked: an interval timer */
	int id;
	bool dead;
	bool absolute; /* next_ns follows the setting of real time */
	struct posix_timer_spec spec;
	struct posix_timer_time time; /* value: next expiry in the clock's time, 0: disarmed */
	int overrun;
	struct timer timer;
	struct signal_entry entry;
};

static struct list timers = LIST_INIT(timers); /* process.lock */
static unsigned timer_count;		       /* process.lock */
static int next_id;			       /* process.lock */

static void timer_fired(struct timer *timer);

static struct posix_timer itimers[3] = {
	[ITIMER_REAL] = {.spec = {.clock = POSIX_CLOCK_MONOTONIC, .signo = SIGALRM}},
	[ITIMER_VIRTUAL] = {.spec = {.clock = POSIX_CLOCK_PROCESS_CPU, .signo = SIGVTALRM}},
	[ITIMER_PROF] = {.spec = {.clock = POSIX_CLOCK_PROCESS_CPU, .signo = SIGPROF}},
};

/* TIME + MORE, or the last time there is. */
static uint64_t add(uint64_t time, uint64_t more)
{
	return more < TIME_NEVER - 1 - time ? time + more : TIME_NEVER - 1;
}

static uint64_t now_of(const struct posix_timer *timer) REQUIRES(process.lock)
{
	switch (timer->spec.clock) {
	case POSIX_CLOCK_REALTIME:
		return timer->absolute ? clock_realtime_ns() : clock_monotonic_ns();
	case POSIX_CLOCK_PROCESS_CPU:
		return process_cpu_ns_locked();
	case POSIX_CLOCK_THREAD_CPU:
		return thread_cpu_ns_locked(timer->spec.clock_tid);
	default:
		return clock_monotonic_ns();
	}
}

/* Starts waiting for timer->time.value. */
static void start(struct posix_timer *timer) REQUIRES(process.lock)
{
	uint64_t due = timer->time.value, now, wait;

	switch (timer->spec.clock) {
	case POSIX_CLOCK_REALTIME:
		if (timer->absolute) {
			timer_arm_realtime(&timer->timer, due);
			break;
		}
		/* A relative time is not affected by setting the clock. */
		__attribute__((fallthrough));
	case POSIX_CLOCK_MONOTONIC:
		timer_arm(&timer->timer, due);
		break;
	default:
		now = now_of(timer);
		wait = due > now ? (due - now) / cpu_count() : 0;
		timer_arm(&timer->timer, add(clock_monotonic_ns(), MAX(wait, SAMPLE_MIN_NS)));
	}
}

/*
 * The next period, counted from the last expiry, but not before EARLIEST after now; returns how
 * many have passed already.
 */
static uint64_t forward(struct posix_timer *timer, uint64_t earliest) REQUIRES(process.lock)
{
	uint64_t now, interval = timer->time.interval, missed = 0;

	if (!interval) {
		timer->time.value = 0;
		return 0;
	}
	now = add(now_of(timer), earliest);
	if (now > timer->time.value)
		missed = (now - timer->time.value) / interval;
	timer->time.value = add(timer->time.value + missed * interval, interval);
	start(timer);
	return missed;
}

void posix_timer_delivered(struct posix_timer *timer, struct signal_info *info)
{
	uint64_t missed = timer->time.value ? forward(timer, 0) : 0;

	timer->overrun = (int)MIN(missed, (uint64_t)OVERRUN_MAX);
	if (list_linked(&timer->node))
		info->timer.overrun = timer->overrun;
}

static void timer_fired(struct timer *queued)
{
	struct posix_timer *timer = container_of(queued, struct posix_timer, timer);
	arch_irq_state_t irq = spin_lock(&process.lock);
	bool sent = false;

	if (!timer->dead && timer->time.value && !list_linked(&timer->entry.node)) {
		if (now_of(timer) < timer->time.value) {
			start(timer); /* a sample of CPU time, or a small difference of clocks */
		} else {
			sent = timer->spec.signo &&
			       signal_send_entry(timer->spec.tid, &timer->entry);
			if (!sent) /* nobody wants it: no storm of interrupts for nothing */
				forward(timer, IGNORED_PAUSE_NS);
		}
	}
	spin_unlock(&process.lock, irq);
	if (sent)
		wait_queue_wake(&process.signal_waiters, WAIT_ALL);
}

static struct posix_timer *find(int id) REQUIRES(process.lock)
{
	struct posix_timer *timer;

	list_for_each_entry (timer, &timers, node) {
		if (timer->id == id)
			return timer;
	}
	return NULL;
}

int posix_timer_create(const struct posix_timer_spec *spec)
{
	struct posix_timer *timer = kzalloc(sizeof(*timer));
	arch_irq_state_t irq;
	int id = -EAGAIN;

	if (!timer)
		return -ENOMEM;
	timer->spec = *spec;
	timer->entry.timer = timer;
	timer_init(&timer->timer, timer_fired);
	irq = spin_lock(&process.lock);
	if (timer_count < TIMERS_MAX) {
		while (find(next_id))
			next_id = next_id == OVERRUN_MAX ? 0 : next_id + 1;
		id = timer->id = next_id;
		next_id = next_id == OVERRUN_MAX ? 0 : next_id + 1;
		timer->entry.info = (struct signal_info){
			.signo = spec->signo,
			.code = SI_TIMER,
			.timer = {.id = id,
				  .value = spec->value_is_id ? (uint64_t)id : spec->value},
		};
		list_push_back(&timers, &timer->node);
		timer_count++;
	}
	spin_unlock(&process.lock, irq);
	if (id < 0)
		kfree(timer);
	return id;
}

static void get(const struct posix_timer *timer, struct posix_timer_time *time)
	REQUIRES(process.lock)
{
	uint64_t now = now_of(timer), due = timer->time.value;

	*time = timer->time;
	if (!due)
		return;
	/* Waiting for its signal to be taken, or about to fire: the next period counts. */
	if (due <= now && time->interval)
		due += ((now - due) / time->interval + 1) * time->interval;
	time->value = due > now ? due - now : 1;
}

static void set(struct posix_timer *timer, bool absolute, const struct posix_timer_time *time)
	REQUIRES(process.lock)
{
	uint64_t now;

	signal_entry_remove(&timer->entry);
	timer->absolute = absolute;
	timer->overrun = 0;
	timer->time = *time;
	if (!time->value)
		return;
	if (!absolute) {
		now = now_of(timer);
		timer->time.value = add(now, time->value);
	}
	start(timer);
}

int posix_timer_set(int id, bool absolute, const struct posix_timer_time *time,
		    struct posix_timer_time *old)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	struct posix_timer *timer = find(id);

	if (timer) {
		if (old)
			get(timer, old);
		set(timer, absolute, time);
	}
	spin_unlock(&process.lock, irq);
	return timer ? 0 : -EINVAL;
}

int posix_timer_get(int id, struct posix_timer_time *time)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	struct posix_timer *timer = find(id);

	if (timer)
		get(timer, time);
	spin_unlock(&process.lock, irq);
	return timer ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	struct posix_timer *timer = find(id);
	int overrun = timer ? timer->overrun : -EINVAL;

	spin_unlock(&process.lock, irq);
	return overrun;
}

int posix_timer_delete(int id)
{
	arch_irq_state_t irq = spin_lock(&process.lock);
	struct posix_timer *timer = find(id);

	if (timer) {
		timer->dead = true;
		signal_entry_remove(&timer->entry);
		list_remove(&timer->node);
		timer_count--;
	}
	spin_unlock(&process.lock, irq);
	if (!timer)
		return -EINVAL;
	timer_cancel(&timer->timer);
	kfree(timer);
	return 0;
}

int itimer_exchange(int which, const struct posix_timer_time *time, struct posix_timer_time *old)
{
	struct posix_timer *timer;
	arch_irq_state_t irq;

	if (which < 0 || which >= (int)ARRAY_SIZE(itimers))
		return -EINVAL;
	timer = &itimers[which];
	irq = spin_lock(&process.lock);
	if (!timer->timer.callback) {
		timer_init(&timer->timer, timer_fired);
		timer->entry.timer = timer;
		timer->entry.info = (struct signal_info){
			.signo = timer->spec.signo,
			.code = SI_KERNEL,
		};
	}
	if (old)
		get(timer, old);
	if (time)
		set(timer, false, time);
	spin_unlock(&process.lock, irq);
	return 0;
}
