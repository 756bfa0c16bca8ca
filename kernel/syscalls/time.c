/* SPDX-License-Identifier: BSD-3-Clause */
/* Clocks and sleeping. The time since the start serves CLOCK_MONOTONIC and its relatives: the
 * machine is never suspended. CLOCK_TAI has no offset, as on Linux without an NTP daemon. */
#include <syscalls/time.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/timer.h>
#include <fs/special.h>
#include <linux/time.h>
#include <linux/times.h>
#include <linux/timex.h>
#include <sched/posix_timer.h>
#include <sched/process.h>
#include <sched/signal.h>
#include <sched/task.h>
#include <syscalls/timer.h>

#define COARSE_RESOLUTION_NS (4 * NS_PER_MSEC)
#define CPU_SAMPLE_MIN_NS    NS_PER_MSEC
#define TICKS_PER_SEC	     100 /* of times(2) */

/* Clock ids of processes and threads (pthread_getcpuclockid): ~id << 3, 4: thread, kind 0 .. 2. */
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_KIND	 3

int cpu_clock_of(int clock, tid_t *tid, enum posix_clock *kind)
{
	tid_t id = ~(clock >> 3);

	if (clock >= 0 || (clock & CPU_CLOCK_KIND) == CPU_CLOCK_KIND)
		return -EINVAL;
	if (clock & CPU_CLOCK_THREAD) {
		*kind = POSIX_CLOCK_THREAD_CPU;
		*tid = id ? id : task_tid(task_current());
		return thread_exists(*tid) ? 0 : -EINVAL;
	}
	*kind = POSIX_CLOCK_PROCESS_CPU;
	return id == 0 || id == PROCESS_PID ? 0 : -EINVAL;
}

static int cpu_clock_now(int clock, uint64_t *ns)
{
	enum posix_clock kind;
	tid_t tid;
	int error = cpu_clock_of(clock, &tid, &kind);

	if (error)
		return error;
	if (kind == POSIX_CLOCK_THREAD_CPU)
		return thread_cpu_ns_of(tid, ns) ? -EINVAL : 0;
	*ns = process_cpu_ns();
	return 0;
}

static int clock_now(int clock, uint64_t *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = clock_realtime_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_monotonic_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_cpu_ns();
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_cpu_ns();
		return 0;
	default:
		return cpu_clock_now(clock, ns);
	}
}

SYSCALL(clock_gettime)
{
	uint64_t ns;
	int error = clock_now((int)a0, &ns);

	return error ? error : user_write_timespec((uintptr_t)a1, ns);
}

SYSCALL(clock_getres)
{
	bool coarse = a0 == CLOCK_REALTIME_COARSE || a0 == CLOCK_MONOTONIC_COARSE;
	uint64_t ns;
	int error = clock_now((int)a0, &ns);

	if (error || !a1)
		return error;
	return user_write_timespec((uintptr_t)a1, coarse ? COARSE_RESOLUTION_NS : 1);
}

static long set_realtime(uint64_t ns)
{
	clock_set_realtime(ns);
	timer_realtime_changed();
	timerfd_clock_was_set();
	return 0;
}

SYSCALL(clock_settime)
{
	uint64_t ns;
	int error;

	if (a0 != CLOCK_REALTIME)
		return -EINVAL;
	error = user_read_timespec((uintptr_t)a1, &ns);
	return error ? error : set_realtime(ns);
}

SYSCALL(gettimeofday)
{
	static const int32_t no_zone[2];

	if (a0 && user_write_timeval((uintptr_t)a0, clock_realtime_ns()))
		return -EFAULT;
	return a1 ? arch_user_write((uintptr_t)a1, no_zone, sizeof(no_zone)) : 0;
}

SYSCALL(settimeofday)
{
	uint64_t ns;
	int error = a0 ? user_read_timeval((uintptr_t)a0, &ns) : 0;

	return error || !a0 ? error : set_realtime(ns);
}

SYSCALL(time)
{
	const uint64_t now = clock_realtime_ns() / NS_PER_SEC;

	if (a0 && arch_user_write((uintptr_t)a0, &now, sizeof(now)))
		return -EFAULT;
	return (long)now;
}

/* Goes on until BLOCK's deadline; arg[0]: where the remaining time goes, or 0. */
static long sleep_on(struct restart_block *block)
{
	const struct restart_block mine = *block;
	uint64_t now;

	if (!task_sleep_until(mine.deadline_ns))
		return 0;
	now = clock_monotonic_ns();
	if (now >= mine.deadline_ns)
		return 0;
	if (mine.arg[0] && user_write_timespec((uintptr_t)mine.arg[0], mine.deadline_ns - now))
		return -EFAULT;
	*block = mine;
	return -ERESTART_RESTARTBLOCK;
}

static long sleep_relative(uint64_t ns, uintptr_t remaining)
{
	struct restart_block *block = signal_restart_block();

	*block = (struct restart_block){
		.function = sleep_on,
		.deadline_ns = deadline_after(ns),
		.arg = {remaining},
	};
	return sleep_on(block);
}

/* Until the process has used CPU time DEADLINE_NS: looks as often as it could be reached. */
static long sleep_cpu(uint64_t deadline_ns)
{
	uint64_t now;

	while ((now = process_cpu_ns()) < deadline_ns) {
		uint64_t wait = (deadline_ns - now) / cpu_count();

		if (task_sleep_until(deadline_after(MAX(wait, CPU_SAMPLE_MIN_NS))))
			return -EINTR;
	}
	return 0;
}

SYSCALL(nanosleep)
{
	uint64_t ns;
	int error = user_read_timespec((uintptr_t)a0, &ns);

	return error ? error : sleep_relative(ns, (uintptr_t)a1);
}

SYSCALL(clock_nanosleep)
{
	bool absolute = a1 & TIMER_ABSTIME;
	uint64_t ns, now;
	int error = user_read_timespec((uintptr_t)a2, &ns);

	if (error)
		return error;
	switch ((int)a0) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		if (absolute)
			return task_sleep_until_realtime(ns) ? -ERESTARTNOHAND : 0;
		return sleep_relative(ns, (uintptr_t)a3);
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		if (absolute)
			return task_sleep_until(ns) ? -ERESTARTNOHAND : 0;
		return sleep_relative(ns, (uintptr_t)a3);
	case CLOCK_THREAD_CPUTIME_ID:
		return -EINVAL; /* it would never wake up */
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_MONOTONIC_RAW:
		return -EOPNOTSUPP;
	default:
		error = clock_now((int)a0, &now);
		if (error)
			return error;
		return sleep_cpu(absolute ? ns : ns < TIME_NEVER - now ? now + ns : TIME_NEVER);
	}
}

/* Reading only: nobody disciplines this clock. */
static long read_timex(uintptr_t address)
{
	struct __kernel_timex timex;
	uint64_t now = clock_realtime_ns();

	if (arch_user_read(&timex, address, sizeof(timex)))
		return -EFAULT;
	if (timex.modes)
		return -EPERM;
	timex = (struct __kernel_timex){
		.status = STA_UNSYNC | STA_NANO,
		.maxerror = 16000000,
		.esterror = 16000000,
		.precision = 1,
		.tolerance = 32768000,
		.tick = 10000,
		.time = {(long long)(now / NS_PER_SEC), (long long)(now % NS_PER_SEC)},
	};
	if (arch_user_write(address, &timex, sizeof(timex)))
		return -EFAULT;
	return TIME_ERROR;
}

SYSCALL(adjtimex)
{
	return read_timex((uintptr_t)a0);
}

SYSCALL(clock_adjtime)
{
	return a0 == CLOCK_REALTIME ? read_timex((uintptr_t)a1) : -EINVAL;
}

SYSCALL(times)
{
	const uint64_t tick_ns = NS_PER_SEC / TICKS_PER_SEC;
	const uint64_t times[4] = {process_cpu_ns() / tick_ns};

	if (a0 && arch_user_write((uintptr_t)a0, times, sizeof(times)))
		return -EFAULT;
	return (long)(clock_monotonic_ns() / tick_ns);
}
