/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clockset: proves what happens when real time is set: timers that want to be told
 * (TFD_TIMER_CANCEL_ON_SET), timers and sleepers whose time has come. It sets the machine's clock,
 * and so does nothing unless its argument is "isle".
 */
#include "common/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CANCEL (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)

/* The real time that is SECONDS from now. */
static struct timespec from_now(long seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += seconds;
	return now;
}

static void advance(long seconds)
{
	struct timespec then = from_now(seconds);

	MUST(clock_settime(CLOCK_REALTIME, &then));
}

static int timer_at(int clock, int flags, long seconds)
{
	struct itimerspec times = {{0, 0}, from_now(seconds)};
	int fd = timerfd_create(clock, TFD_NONBLOCK);

	if (clock != CLOCK_REALTIME) {
		clock_gettime(clock, &times.it_value);
		times.it_value.tv_sec += seconds;
	}
	MUST(timerfd_settime(fd, flags, &times, NULL));
	return fd;
}

/* 0 or more, or a negated error number. */
static long errno_of(long result)
{
	return result < 0 ? -errno : result;
}

static int ready(int fd)
{
	struct pollfd entry = {fd, POLLIN, 0};

	return poll(&entry, 1, 0);
}

static void cancelled(void)
{
	struct itimerspec times = {{0, 0}, from_now(1000)};
	uint64_t count;
	int fd = timer_at(CLOCK_REALTIME, CANCEL, 1000);
	int plain = timer_at(CLOCK_REALTIME, TFD_TIMER_ABSTIME, 1000);
	int relative = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	int monotonic = timer_at(CLOCK_MONOTONIC, CANCEL, 1000);
	int unset = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);

	check_section("timers that want to be told");
	times.it_value.tv_sec = 1000;
	CHECK(timerfd_settime(relative, TFD_TIMER_CANCEL_ON_SET, &times, NULL) == 0);
	memset(&times, 0, sizeof(times));
	CHECK(timerfd_settime(unset, CANCEL, &times, NULL) == 0); /* disarmed, but told */
	CHECK(ready(fd) == 0);
	advance(10);
	CHECK(ready(fd) == 1);
	CHECK(errno_of(read(fd, &count, sizeof(count))) == -ECANCELED);
	CHECK(errno_of(read(fd, &count, sizeof(count))) == -EAGAIN);
	CHECK(ready(fd) == 0);
	CHECK(ready(plain) == 0);
	CHECK(ready(relative) == 0);
	CHECK(ready(monotonic) == 0);
	CHECK(errno_of(read(unset, &count, sizeof(count))) == -ECANCELED);
	advance(10); /* told again */
	times.it_value = from_now(1000);
	CHECK(errno_of(timerfd_settime(fd, CANCEL, &times, NULL)) == -ECANCELED);
	CHECK(timerfd_settime(fd, CANCEL, &times, NULL) == 0);
	CHECK(ready(fd) == 0);
	CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &times, NULL) == 0);
	advance(10);
	CHECK(ready(fd) == 0);
	close(fd);
	advance(1000); /* one that has gone is told nothing */
	CHECK(ready(plain) == 1);
	CHECK(read(plain, &count, sizeof(count)) == 8);
	CHECK(count == 1);
	CHECK(ready(relative) == 1);
	close(plain);
	close(relative);
	close(monotonic);
	close(unset);
}

static void *advance_later(void *seconds)
{
	usleep(30000);
	advance(*(long *)seconds);
	return NULL;
}

static void waiters(void)
{
	struct timespec then;
	uint64_t count;
	long seconds = 5000;
	pthread_t thread;
	int fd = timer_at(CLOCK_REALTIME, CANCEL, 10000);

	check_section("who waits meanwhile");
	fcntl(fd, F_SETFL, 0);
	if (pthread_create(&thread, NULL, advance_later, &seconds))
		check_die("pthread_create");
	CHECK(errno_of(read(fd, &count, sizeof(count))) == -ECANCELED);
	pthread_join(thread, NULL);
	then = from_now(1000);
	if (pthread_create(&thread, NULL, advance_later, &seconds))
		check_die("pthread_create");
	CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &then, NULL) == 0);
	pthread_join(thread, NULL);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], "isle") != 0) {
		fprintf(stderr, "This sets the clock: usage: %s isle\n", argv[0]);
		return 2;
	}
	cancelled();
	waiters();
	return check_done();
}
