/* SPDX-License-Identifier: BSD-3-Clause */
/* setitimer, alarm, timer_create, timerfd. */
#include "timers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

static volatile sig_atomic_t alarms;
static volatile sig_atomic_t alarm_value, alarm_code;

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

static void count_timer(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	alarms++;
	alarm_value = info->si_value.sival_int;
	alarm_code = info->si_code;
}

static void handle(int number, void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	if (sigaction(number, &action, NULL) != 0)
		check_die("sigaction");
}

/* Sleeps, alarm after alarm, until so many have come. */
static void wait_for_alarms(int count)
{
	struct timespec pause = to_timespec(5 * SECOND);

	while (alarms < count && nanosleep(&pause, NULL) != 0)
		;
}

void timers_interval(void)
{
	struct itimerval interval = {{0, 10000}, {0, 20000}}, old;
	struct timespec pause = to_timespec(10 * SECOND), rest;
	int64_t start;

	check_section("setitimer, alarm");
	handle(SIGALRM, count_alarm);
	start = now_ns(CLOCK_MONOTONIC);
	SHOW(setitimer(ITIMER_REAL, &interval, NULL));
	wait_for_alarms(5);
	CHECK(alarms >= 5);
	CHECK(now_ns(CLOCK_MONOTONIC) - start >= 59 * MILLISECOND);
	SHOW(getitimer(ITIMER_REAL, &old));
	CHECK(old.it_interval.tv_usec == 10000);
	memset(&interval, 0, sizeof(interval));
	SHOW(setitimer(ITIMER_REAL, &interval, &old));
	CHECK(old.it_interval.tv_usec == 10000 && old.it_value.tv_sec == 0);
	interval.it_value.tv_usec = 1000000;
	SHOW(setitimer(ITIMER_REAL, &interval, NULL));
	SHOW(setitimer(99, &interval, NULL));
	alarms = 0;
	SHOW(alarm(100));
	SHOW(alarm(1)); /* the rest of the former */
	start = now_ns(CLOCK_MONOTONIC);
	SHOW(nanosleep(&pause, &rest));
	CHECK(alarms == 1);
	CHECK(now_ns(CLOCK_MONOTONIC) - start >= 900 * MILLISECOND);
	CHECK(rest.tv_sec >= 7 && rest.tv_sec <= 9);
	SHOW(alarm(0));
}

static sem_t expired;

static void notify(union sigval value)
{
	alarm_value = value.sival_int;
	sem_post(&expired);
}

static void timer_with_signal(void)
{
	struct sigaction action = {.sa_sigaction = count_timer, .sa_flags = SA_SIGINFO};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};
	struct itimerspec times = {to_timespec(5 * MILLISECOND), to_timespec(5 * MILLISECOND)},
			  left;
	timer_t timer;

	event.sigev_value.sival_int = 4711;
	sigaction(SIGRTMIN + 1, &action, NULL);
	SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
	SHOW(timer_gettime(timer, &left));
	CHECK(left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0);
	alarms = 0;
	SHOW(timer_settime(timer, 0, &times, NULL));
	wait_for_alarms(3);
	CHECK(alarms >= 3 && alarm_value == 4711 && alarm_code == SI_TIMER);
	SHOW(timer_gettime(timer, &left));
	CHECK(left.it_interval.tv_nsec == 5 * MILLISECOND);
	CHECK(timer_getoverrun(timer) >= 0);
	times.it_value.tv_nsec = -1;
	SHOW(timer_settime(timer, 0, &times, NULL));
	SHOW(timer_delete(timer));
	SHOW(syscall(SYS_timer_gettime, 12345, &left));
	SHOW(timer_create(99, &event, &timer));
	alarms = 0;
	SHOW(timer_create(CLOCK_REALTIME, &event, &timer));
	times = (struct itimerspec){{0, 0}, to_timespec(now_ns(CLOCK_REALTIME) + 20 * MILLISECOND)};
	SHOW(timer_settime(timer, TIMER_ABSTIME, &times, NULL));
	wait_for_alarms(1);
	CHECK(alarms == 1 && now_ns(CLOCK_REALTIME) >= times.it_value.tv_nsec);
	SHOW(timer_delete(timer));
}

static void timer_with_thread(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify};
	struct itimerspec times = {{0, 0}, to_timespec(10 * MILLISECOND)};
	timer_t timer;

	sem_init(&expired, 0, 0);
	event.sigev_value.sival_int = 99;
	SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
	SHOW(timer_settime(timer, 0, &times, NULL));
	SHOW(sem_wait(&expired));
	CHECK(alarm_value == 99);
	SHOW(timer_delete(timer));
}

void timers_posix(void)
{
	check_section("timer_create");
	timer_with_signal();
	timer_with_thread();
}

void timers_fd(void)
{
	struct itimerspec times = {to_timespec(5 * MILLISECOND), to_timespec(20 * MILLISECOND)},
			  left;
	struct itimerspec stop = {{0, 0}, {0, 0}};
	uint64_t count = 0;
	struct pollfd state;
	int64_t start = now_ns(CLOCK_MONOTONIC);
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	check_section("timerfd");
	SHOW(fd);
	state = (struct pollfd){fd, POLLIN, 0};
	SHOW(read(fd, &count, sizeof(count)));
	SHOW(timerfd_settime(fd, 0, &times, NULL));
	SHOW(poll(&state, 1, 10000));
	SHOW(state.revents);
	CHECK(now_ns(CLOCK_MONOTONIC) - start >= 20 * MILLISECOND);
	SHOW(read(fd, &count, sizeof(count)));
	CHECK(count >= 1);
	SHOW(timerfd_gettime(fd, &left));
	CHECK(left.it_interval.tv_nsec == 5 * MILLISECOND && left.it_value.tv_nsec > 0);
	SHOW(fcntl(fd, F_SETFL, 0));
	usleep(20000);
	SHOW(read(fd, &count, sizeof(count))); /* several at once */
	CHECK(count >= 2);
	SHOW(read(fd, &count, sizeof(count))); /* blocks */
	SHOW(read(fd, &count, 4));
	SHOW(write(fd, &count, sizeof(count)));
	SHOW(timerfd_settime(fd, 0, &stop, &left));
	SHOW(timerfd_gettime(fd, &left));
	CHECK(left.it_value.tv_nsec == 0 && left.it_interval.tv_nsec == 0);
	times.it_value = to_timespec(now_ns(CLOCK_MONOTONIC) + 10 * MILLISECOND);
	SHOW(timerfd_settime(fd, TFD_TIMER_ABSTIME, &times, NULL));
	SHOW(read(fd, &count, sizeof(count)));
	SHOW(timerfd_settime(fd, 0x1000, &times, NULL));
	SHOW(timerfd_settime(STDOUT_FILENO, 0, &times, NULL));
	SHOW(timerfd_create(99, 0));
	SHOW(timerfd_create(CLOCK_MONOTONIC, 0x1));
	SHOW(close(fd));
}
