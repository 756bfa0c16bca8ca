/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timers: proves that clocks run forward, agree with each other and cost what they should, that
 * sleeps last at least as long as was asked and not much longer, and that every kind of timer
 * fires.
 *
 * With the argument "now" it prints the seconds since 1970 and ends: its driver compares them with
 * the host's. No lower limit has slack and the upper ones are generous: a loaded machine is no
 * reason to fail.
 */
#include "timers.h"

#include <stdio.h>
#include <string.h>

int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		check_die("clock_gettime");
	return now.tv_sec * SECOND + now.tv_nsec;
}

struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "now") == 0) {
		printf("%lld\n", (long long)time(NULL));
		return 0;
	}
	timers_clocks();
	timers_sleep();
	timers_threads();
	timers_interval();
	timers_posix();
	timers_fd();
	return check_done();
}
