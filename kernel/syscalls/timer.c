/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers that send signals: Linux's structures to sched/posix_timer.h. */
#include <syscalls/timer.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <sched/posix_timer.h>
#include <sched/process.h>
#include <sched/signal.h>
#include <sched/task.h>

SYSCALL(alarm)
{
	const struct posix_timer_time time = {.value = (uint64_t)(uint32_t)a0 * NS_PER_SEC};
	struct posix_timer_time old;
	int error = itimer_exchange(ITIMER_REAL, &time, &old);

	if (error)
		return error;
	/* Rounded, but never to 0 while time is left. */
	if (old.value && old.value < NS_PER_SEC)
		return 1;
	return (long)((old.value + NS_PER_SEC / 2) / NS_PER_SEC);
}

static int write_itimer(uintptr_t address, const struct posix_timer_time *time)
{
	int error = user_write_timeval(address, time->interval);

	return error ? error : user_write_timeval(address + 16, time->value);
}

SYSCALL(setitimer)
{
	struct posix_timer_time time = {0}, old;
	int error = 0;

	if (a1) {
		error = user_read_timeval((uintptr_t)a1, &time.interval);
		if (!error)
			error = user_read_timeval((uintptr_t)a1 + 16, &time.value);
	}
	if (!error)
		error = itimer_exchange((int)a0, &time, &old);
	if (error || !a2)
		return error;
	return write_itimer((uintptr_t)a2, &old);
}

SYSCALL(getitimer)
{
	struct posix_timer_time time;
	int error = itimer_exchange((int)a0, NULL, &time);

	return error ? error : write_itimer((uintptr_t)a1, &time);
}

/* The clock of id CLOCK (time.c has the ids): 0 or -EINVAL. */
static int clock_of(int clock, struct posix_timer_spec *spec)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		spec->clock = POSIX_CLOCK_REALTIME;
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		spec->clock = POSIX_CLOCK_MONOTONIC;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		spec->clock = POSIX_CLOCK_PROCESS_CPU;
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		spec->clock = POSIX_CLOCK_THREAD_CPU;
		spec->clock_tid = task_tid(task_current());
		return 0;
	default:
		return cpu_clock_of(clock, &spec->clock_tid, &spec->clock);
	}
}

static int event_of(uintptr_t address, struct posix_timer_spec *spec)
{
	struct sigevent event;

	if (!address) {
		spec->signo = SIGALRM;
		spec->value_is_id = true;
		return 0;
	}
	if (arch_user_read(&event, address, sizeof(event)))
		return -EFAULT;
	spec->value = (uint64_t)event.sigev_value.sival_ptr;
	if (event.sigev_notify == SIGEV_NONE)
		return 0;
	if (event.sigev_notify & ~SIGEV_THREAD_ID && event.sigev_notify != SIGEV_THREAD)
		return -EINVAL;
	if (event.sigev_signo < 1 || event.sigev_signo > SIGNAL_COUNT)
		return -EINVAL;
	spec->signo = event.sigev_signo;
	if (event.sigev_notify & SIGEV_THREAD_ID) {
		spec->tid = event._sigev_un._tid;
		if (!thread_exists(spec->tid))
			return -EINVAL;
	}
	return 0;
}

SYSCALL(timer_create)
{
	struct posix_timer_spec spec = {0};
	int id, error = clock_of((int)a0, &spec);

	if (!error)
		error = event_of((uintptr_t)a1, &spec);
	if (error)
		return error;
	id = posix_timer_create(&spec);
	if (id < 0)
		return id;
	if (arch_user_write((uintptr_t)a2, &id, sizeof(id))) {
		(void)!posix_timer_delete(id);
		return -EFAULT;
	}
	return 0;
}

static int write_time(uintptr_t address, const struct posix_timer_time *time)
{
	int error = user_write_timespec(address, time->interval);

	return error ? error : user_write_timespec(address + 16, time->value);
}

SYSCALL(timer_settime)
{
	struct posix_timer_time time, old;
	int error;

	if (!a2)
		return -EINVAL;
	error = user_read_timespec((uintptr_t)a2, &time.interval);
	if (!error)
		error = user_read_timespec((uintptr_t)a2 + 16, &time.value);
	if (!error)
		error = posix_timer_set((int)a0, a1 & TIMER_ABSTIME, &time, &old);
	if (error || !a3)
		return error;
	return write_time((uintptr_t)a3, &old);
}

SYSCALL(timer_gettime)
{
	struct posix_timer_time time;
	int error = posix_timer_get((int)a0, &time);

	return error ? error : write_time((uintptr_t)a1, &time);
}

SYSCALL(timer_getoverrun)
{
	return posix_timer_overrun((int)a0);
}

SYSCALL(timer_delete)
{
	return posix_timer_delete((int)a0);
}
