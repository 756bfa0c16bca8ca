/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers that send signals: timer_create(2), setitimer(2), alarm(2). All times in ns. Task context.
 * CPU time clocks are sampled: such a timer fires at most a few milliseconds late.
 */
#ifndef SCHED_POSIX_TIMER_H
#define SCHED_POSIX_TIMER_H

#include <lib/compiler.h>
#include <lib/types.h>

enum posix_clock {
	POSIX_CLOCK_MONOTONIC,
	POSIX_CLOCK_REALTIME,
	POSIX_CLOCK_PROCESS_CPU,
	POSIX_CLOCK_THREAD_CPU,
};

struct posix_timer_spec {
	enum posix_clock clock;
	tid_t clock_tid;  /* POSIX_CLOCK_THREAD_CPU: whose time */
	int signo;	  /* 0: none (SIGEV_NONE) */
	tid_t tid;	  /* SIGEV_THREAD_ID: which thread gets it; 0: the process */
	uint64_t value;	  /* si_value */
	bool value_is_id; /* si_value is the timer's id */
};

struct posix_timer_time {
	uint64_t value;	   /* to the next expiry, or its absolute time; 0: disarmed */
	uint64_t interval; /* 0: once */
};

/* The timer's id (>= 0), -EAGAIN (too many) or -ENOMEM. */
must_check int posix_timer_create(const struct posix_timer_spec *spec);
/* OLD may be NULL. 0 or -EINVAL: no such timer. */
must_check int posix_timer_set(int id, bool absolute, const struct posix_timer_time *time,
			       struct posix_timer_time *old);
must_check int posix_timer_get(int id, struct posix_timer_time *time);
/* Overruns of the last signal that was delivered, or -EINVAL. */
must_check int posix_timer_overrun(int id);
must_check int posix_timer_delete(int id);

/* WHICH: ITIMER_* of linux/time.h. OLD and TIME may be NULL. 0 or -EINVAL. */
must_check int itimer_exchange(int which, const struct posix_timer_time *time,
			       struct posix_timer_time *old);

#endif /* SCHED_POSIX_TIMER_H */
