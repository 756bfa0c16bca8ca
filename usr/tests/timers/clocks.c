/* SPDX-License-Identifier: BSD-3-Clause */
/* clock_gettime, clock_getres, gettimeofday, time, nanosleep, clock_nanosleep, times, getrusage. */
#include "timers.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

static void all_clocks(void)
{
	static const struct {
		const char *name;
		clockid_t clock;
	} clocks[] = {
		{"CLOCK_REALTIME", CLOCK_REALTIME},
		{"CLOCK_MONOTONIC", CLOCK_MONOTONIC},
		{"CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID},
		{"CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID},
		{"CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW},
		{"CLOCK_REALTIME_COARSE", CLOCK_REALTIME_COARSE},
		{"CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE},
		{"CLOCK_BOOTTIME", CLOCK_BOOTTIME},
		{"clock 99", 99},
	};
	struct timespec now, raw, resolution;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		clockid_t clock = clocks[i].clock;

		check_show(clocks[i].name, clock_gettime(clock, &now));
		check_show("  as system call", syscall(SYS_clock_gettime, clock, &raw));
		check_show("  resolution", clock_getres(clock, &resolution));
		if (clock == 99)
			break;
		CHECK(now.tv_nsec >= 0 && now.tv_nsec < SECOND);
		CHECK(raw.tv_sec >= now.tv_sec && raw.tv_sec <= now.tv_sec + 2);
		CHECK(resolution.tv_sec == 0 && resolution.tv_nsec >= 1 &&
		      resolution.tv_nsec <= 10 * MILLISECOND);
	}
	SHOW(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bad_pointer));
	SHOW(clock_getres(CLOCK_MONOTONIC, NULL));
}

static void clocks_agree(void)
{
	struct timeval day;
	int64_t real = now_ns(CLOCK_REALTIME), previous, now, changes = 0;
	time_t seconds = time(NULL);

	gettimeofday(&day, NULL);
	CHECK(real / SECOND >= 1700000000); /* the host's time has arrived */
	CHECK(day.tv_sec >= real / SECOND && day.tv_sec <= real / SECOND + 2);
	CHECK(seconds >= real / SECOND - 1 && seconds <= real / SECOND + 2);
	CHECK(llabs(now_ns(CLOCK_REALTIME_COARSE) - now_ns(CLOCK_REALTIME)) < SECOND);
	CHECK(llabs(now_ns(CLOCK_BOOTTIME) - now_ns(CLOCK_MONOTONIC)) < 3600 * 24 * 365 * SECOND);
	previous = now_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < 200000; i++) {
		now = now_ns(CLOCK_MONOTONIC);
		if (now < previous) {
			CHECK(now >= previous);
			break;
		}
		changes += now != previous;
		previous = now;
	}
	CHECK(changes > 1000); /* it is no coarse clock */
}

static void cpu_time(void)
{
	int64_t process = now_ns(CLOCK_PROCESS_CPUTIME_ID),
		end = now_ns(CLOCK_MONOTONIC) + SECOND / 5;
	struct timespec pause = to_timespec(100 * MILLISECOND);
	struct rusage usage;
	struct tms ticks;
	clockid_t cpu;

	while (now_ns(CLOCK_MONOTONIC) < end)
		;
	CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - process > 10 * MILLISECOND);
	CHECK(now_ns(CLOCK_THREAD_CPUTIME_ID) > 10 * MILLISECOND);
	CHECK(now_ns(CLOCK_THREAD_CPUTIME_ID) <= now_ns(CLOCK_PROCESS_CPUTIME_ID));
	process = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	nanosleep(&pause, NULL);
	CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - process < 50 * MILLISECOND); /* sleep is free */
	SHOW(getrusage(RUSAGE_SELF, &usage));
	CHECK(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
		      usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec >
	      0);
	CHECK(usage.ru_maxrss > 0);
	SHOW(getrusage(99, &usage));
	CHECK(times(&ticks) > 0);
	CHECK(clock() > 0);
	SHOW(clock_getcpuclockid(0, &cpu));
	SHOW(pthread_getcpuclockid(pthread_self(), &cpu));
	CHECK(now_ns(cpu) > 0);
}

void timers_clocks(void)
{
	check_section("clocks");
	all_clocks();
	clocks_agree();
	cpu_time();
}

static void relative_sleeps(void)
{
	static const int64_t lengths[] = {0, 1, 1000, 100000, 3 * MILLISECOND, 50 * MILLISECOND};
	int early = 0, late = 0;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct timespec length = to_timespec(lengths[i]);
		int64_t start = now_ns(CLOCK_MONOTONIC), slept;

		if (nanosleep(&length, NULL) != 0)
			check_die("nanosleep");
		slept = now_ns(CLOCK_MONOTONIC) - start;
		early += slept < lengths[i];
		late += slept > lengths[i] + 2 * SECOND;
	}
	CHECK(early == 0);
	CHECK(late == 0);
}

void timers_sleep(void)
{
	struct timespec bad = {0, 1000000000}, negative = {-1, 0}, until;
	int64_t end = now_ns(CLOCK_MONOTONIC) + 30 * MILLISECOND;

	check_section("nanosleep, clock_nanosleep");
	relative_sleeps();
	SHOW(nanosleep(&bad, NULL));
	SHOW(nanosleep(&negative, NULL));
	SHOW(nanosleep(bad_pointer, NULL));
	until = to_timespec(end);
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
	CHECK(now_ns(CLOCK_MONOTONIC) >= end);
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)); /* in the past */
	end = now_ns(CLOCK_REALTIME) + 30 * MILLISECOND;
	until = to_timespec(end);
	SHOW(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL));
	CHECK(now_ns(CLOCK_REALTIME) >= end);
	SHOW(clock_nanosleep(99, 0, &until, NULL) == EINVAL);
	SHOW(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, NULL) == EINVAL);
	SHOW(usleep(1000));
	SHOW(sleep(0));
}

static int64_t latest; /* of all threads, by compare and exchange */

/* Each thread publishes its time; nobody may see a later one than its own next reading. */
static void *race(void *argument)
{
	intptr_t backwards = 0;

	(void)argument;
	for (int i = 0; i < 20000; i++) {
		int64_t seen = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
		int64_t now = now_ns(CLOCK_MONOTONIC);

		backwards += now < seen;
		while (now > seen &&
		       !__atomic_compare_exchange_n(&latest, &seen, now, 0, __ATOMIC_ACQ_REL,
						    __ATOMIC_ACQUIRE))
			;
	}
	return (void *)backwards;
}

/* Sleeps of different lengths, started in the wrong order, end in the right one. */
static void *sleep_and_number(void *argument)
{
	static int64_t next;
	struct timespec pause = to_timespec((int64_t)(intptr_t)argument * 40 * MILLISECOND);

	nanosleep(&pause, NULL);
	return (void *)(intptr_t)__atomic_fetch_add(&next, 1, __ATOMIC_ACQ_REL);
}

void timers_threads(void)
{
	pthread_t threads[4];
	intptr_t backwards = 0, in_order = 0;
	void *result;

	check_section("clocks and sleeps of several threads");
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, race, NULL) != 0)
			check_die("pthread_create");
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		backwards += (intptr_t)result;
	}
	CHECK(backwards == 0);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, sleep_and_number,
				   (void *)(intptr_t)(4 - i)) != 0)
			check_die("pthread_create");
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		in_order += (intptr_t)result == 3 - i;
	}
	CHECK(in_order == 4);
}
