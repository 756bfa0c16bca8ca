/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timerfd_create(2). A periodic timer interrupts once and stands until the next read or query,
 * which counts the periods that have passed and arms it again: an interval of a nanosecond is no
 * storm.
 *
 * An absolute timer of real time may ask to be told when that clock is set
 * (TFD_TIMER_CANCEL_ON_SET): it becomes readable, and the next read gives ECANCELED.
 *
 * Locks: alarm.owner (mutex) orders arming and cancelling; alarm.lock guards the figures and is the
 * one that the timer's callback takes; cancellable_lock guards the list of those that want to be
 * told. Order: owner -> cancellable_lock -> lock.
 */
#include <fs/special.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <core/clock.h>
#include <core/spinlock.h>
#include <core/timer.h>
#include <mm/heap.h>
#include <sched/signal.h>

struct alarm {
	struct mutex owner;
	struct timer timer;
	bool realtime; /* fixed */
	struct spinlock lock;
	uint64_t expirations GUARDED_BY_MEMBER(lock); /* not read yet */
	uint64_t deadline_ns GUARDED_BY_MEMBER(lock); /* on its clock; 0: disarmed */
	uint64_t interval_ns GUARDED_BY_MEMBER(lock);
	bool standing GUARDED_BY_MEMBER(lock);	/* has expired and was not armed again */
	bool cancelled GUARDED_BY_MEMBER(lock); /* the clock was set, and no read has told */
	struct list_node in_cancellable;	/* cancellable_lock */
	struct wait_queue queue;
};

static struct spinlock cancellable_lock = SPINLOCK_INIT;
static struct list cancellable GUARDED_BY(cancellable_lock) = LIST_INIT(cancellable);

static uint64_t now_of(const struct alarm *alarm)
{
	return alarm->realtime ? clock_realtime_ns() : clock_monotonic_ns();
}

static void expired(struct timer *timer) NO_THREAD_SAFETY
{
	struct alarm *alarm = container_of(timer, struct alarm, timer);
	arch_irq_state_t irq = spin_lock(&alarm->lock);

	alarm->expirations++;
	alarm->standing = true;
	spin_unlock(&alarm->lock, irq);
	wait_queue_wake(&alarm->queue, WAIT_ALL);
}

static void arm(struct alarm *alarm, uint64_t deadline_ns)
{
	if (alarm->realtime)
		timer_arm_realtime(&alarm->timer, deadline_ns);
	else
		timer_arm(&alarm->timer, deadline_ns);
}

/* Has ALARM's time come by NOW, while the timer's interrupt is still on its way? */
static bool is_due(const struct alarm *alarm, uint64_t now) REQUIRES(alarm->lock)
{
	return alarm->deadline_ns && !alarm->standing && now >= alarm->deadline_ns;
}

/* Does what the interrupt would do in a moment: who sees by the clock that the time has come sees
 * the timer expired as well. Owner held. */
static void expire_if_due(struct alarm *alarm) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = spin_lock(&alarm->lock);
	bool due = is_due(alarm, now_of(alarm));

	spin_unlock(&alarm->lock, irq);
	if (due && timer_cancel(&alarm->timer))
		expired(&alarm->timer);
}

/* Counts the periods since the last expiration and arms for the next one. Owner held. */
static void catch_up(struct alarm *alarm) NO_THREAD_SAFETY
{
	uint64_t now, deadline_ns = 0, passed;
	arch_irq_state_t irq;

	expire_if_due(alarm);
	now = now_of(alarm);
	irq = spin_lock(&alarm->lock);
	if (alarm->standing && !alarm->interval_ns) {
		alarm->standing = false;
		alarm->deadline_ns = 0;
	} else if (alarm->standing) {
		passed = now > alarm->deadline_ns ? (now - alarm->deadline_ns) / alarm->interval_ns
						  : 0;
		alarm->expirations += passed;
		alarm->deadline_ns += (passed + 1) * alarm->interval_ns;
		alarm->standing = false;
		deadline_ns = alarm->deadline_ns;
	}
	spin_unlock(&alarm->lock, irq);
	if (deadline_ns)
		arm(alarm, deadline_ns);
}

/* Is ALARM to be told when its clock is set? */
static void set_cancellable(struct alarm *alarm, bool yes)
{
	arch_irq_state_t irq = spin_lock(&cancellable_lock);

	if (yes && !list_linked(&alarm->in_cancellable))
		list_push_back(&cancellable, &alarm->in_cancellable);
	else if (!yes && list_linked(&alarm->in_cancellable))
		list_remove(&alarm->in_cancellable);
	spin_unlock(&cancellable_lock, irq);
}

static void cancel_alarm(struct alarm *alarm) NO_THREAD_SAFETY
{
	spin_lock_nested(&alarm->lock);
	alarm->cancelled = true;
	spin_unlock_nested(&alarm->lock);
	wait_queue_wake(&alarm->queue, WAIT_ALL);
}

void timerfd_clock_was_set(void)
{
	arch_irq_state_t irq = spin_lock(&cancellable_lock);
	struct alarm *alarm;

	list_for_each_entry (alarm, &cancellable, in_cancellable)
		cancel_alarm(alarm);
	spin_unlock(&cancellable_lock, irq);
}

/* Takes the note that the clock was set. */
static bool take_cancelled(struct alarm *alarm) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = spin_lock(&alarm->lock);
	bool result = alarm->cancelled;

	alarm->cancelled = false;
	if (result)
		alarm->expirations = 0;
	spin_unlock(&alarm->lock, irq);
	return result;
}

/* What one read gets: a number, 0: nothing is there, or -ECANCELED. */
static int64_t take(struct alarm *alarm) NO_THREAD_SAFETY
{
	arch_irq_state_t irq;
	uint64_t count;

	mutex_lock(&alarm->owner);
	if (take_cancelled(alarm)) {
		mutex_unlock(&alarm->owner);
		return -ECANCELED;
	}
	catch_up(alarm);
	irq = spin_lock(&alarm->lock);
	count = alarm->expirations;
	alarm->expirations = 0;
	spin_unlock(&alarm->lock, irq);
	mutex_unlock(&alarm->owner);
	return (int64_t)MIN(count, (uint64_t)INT64_MAX);
}

static bool has_expired(struct alarm *alarm) NO_THREAD_SAFETY
{
	uint64_t now = now_of(alarm);
	arch_irq_state_t irq = spin_lock(&alarm->lock);
	bool result = alarm->expirations > 0 || alarm->cancelled || is_due(alarm, now);

	spin_unlock(&alarm->lock, irq);
	return result;
}

static int64_t alarm_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct alarm *alarm = file->data;
	int64_t count;

	(void)offset;
	if (io->remaining < sizeof(count))
		return -EINVAL;
	while (!(count = take(alarm))) {
		if (file_io_nowait(file, io))
			return -EAGAIN;
		if (wait_event(&alarm->queue, WAIT_INTERRUPTIBLE, TIME_NEVER, has_expired(alarm)))
			return -ERESTARTSYS;
	}
	return count < 0 ? count : file_io_put(io, &count, sizeof(count));
}

static unsigned alarm_poll(struct file *file, unsigned events)
{
	(void)events;
	return has_expired(file->data) ? POLLIN : 0;
}

static int alarm_stat(struct file *file, file_stat_t *stat)
{
	(void)file;
	return special_stat(stat, 0600);
}

static void alarm_release(struct file *file)
{
	struct alarm *alarm = file->data;

	set_cancellable(alarm, false);
	timer_cancel(&alarm->timer);
	kfree(alarm);
}

static const struct file_ops alarm_ops = {
	.read = alarm_read,
	.poll = alarm_poll,
	.stat = alarm_stat,
	.release = alarm_release,
};

int timerfd_create(bool realtime, unsigned flags, struct file **out)
{
	struct alarm *alarm = kzalloc(sizeof(*alarm));

	if (!alarm)
		return -ENOMEM;
	mutex_init(&alarm->owner);
	timer_init(&alarm->timer, expired);
	spin_init(&alarm->lock);
	wait_queue_init(&alarm->queue);
	alarm->realtime = realtime;
	*out = file_create(&alarm_ops, alarm, O_RDWR | flags, FILE_STREAM, NULL);
	if (!*out) {
		kfree(alarm);
		return -ENOMEM;
	}
	(*out)->poll_queue = &alarm->queue;
	return 0;
}

bool file_is_timerfd(const struct file *file)
{
	return file->ops == &alarm_ops;
}

/* Owner held. */
static void current_times(struct alarm *alarm, struct timerfd_times *times) NO_THREAD_SAFETY
{
	uint64_t now = now_of(alarm);
	arch_irq_state_t irq = spin_lock(&alarm->lock);

	times->interval_ns = alarm->interval_ns;
	times->value_ns = 0;
	if (alarm->deadline_ns && !alarm->standing)
		times->value_ns = alarm->deadline_ns > now ? alarm->deadline_ns - now : 1;
	spin_unlock(&alarm->lock, irq);
}

void timerfd_get(struct file *file, struct timerfd_times *times)
{
	struct alarm *alarm = file->data;

	mutex_lock(&alarm->owner);
	catch_up(alarm);
	current_times(alarm, times);
	mutex_unlock(&alarm->owner);
}

int timerfd_set(struct file *file, bool absolute, bool cancel_on_set,
		const struct timerfd_times *times, struct timerfd_times *old) NO_THREAD_SAFETY
{
	struct alarm *alarm = file->data;
	uint64_t deadline_ns = times->value_ns, now;
	arch_irq_state_t irq;
	bool cancelled;

	mutex_lock(&alarm->owner);
	catch_up(alarm);
	current_times(alarm, old);
	timer_cancel(&alarm->timer);
	now = now_of(alarm);
	if (deadline_ns && !absolute)
		deadline_ns =
			deadline_ns < TIME_NEVER - 1 - now ? now + deadline_ns : TIME_NEVER - 1;
	cancel_on_set = cancel_on_set && absolute && alarm->realtime;
	set_cancellable(alarm, cancel_on_set);
	irq = spin_lock(&alarm->lock);
	alarm->deadline_ns = deadline_ns;
	alarm->interval_ns = deadline_ns ? times->interval_ns : 0;
	alarm->expirations = 0;
	alarm->standing = false;
	spin_unlock(&alarm->lock, irq);
	if (deadline_ns)
		arm(alarm, deadline_ns);
	/* The clock was set before: the caller has computed its time from the old one. */
	cancelled = take_cancelled(alarm) && cancel_on_set;
	mutex_unlock(&alarm->owner);
	return cancelled ? -ECANCELED : 0;
}
