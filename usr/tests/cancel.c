/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cancel: proves that threads can be cancelled in every kind of wait, that their handlers run and
 * their locks are as they have to be, and that nothing that they waited for gets lost.
 *
 * cancel [ROUNDS]: how many threads the last part cancels at random times.
 */
#include "common/check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 300

static int empty[2], full[2]; /* pipes: nothing to read; no room to write */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static pthread_t forever; /* a thread that does not end by itself */
static atomic_int waiting, cleaned;
static atomic_bool ended_by_itself;

static void on_cleanup(void *argument)
{
	(void)argument;
	atomic_fetch_add(&cleaned, 1);
}

/* The waits. Each is sure to last for ever. */

static void wait_nanosleep(void)
{
	struct timespec long_time = {1000, 0};

	nanosleep(&long_time, NULL);
}

static void wait_clock(void)
{
	struct timespec late = {INT32_MAX, 0};

	clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &late, NULL);
}

static void wait_pause(void)
{
	pause();
}

static void wait_read(void)
{
	char byte;

	(void)!read(empty[0], &byte, 1);
}

static void wait_write(void)
{
	(void)!write(full[1], "x", 1);
}

static void wait_poll(void)
{
	struct pollfd file = {.fd = empty[0], .events = POLLIN};

	poll(&file, 1, -1);
}

static void wait_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(empty[0], &set);
	select(empty[0] + 1, &set, NULL, NULL, NULL);
}

static void wait_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(0);

	pthread_cleanup_push((void (*)(void *))(void (*)(void))close, (void *)(intptr_t)set);
	epoll_ctl(set, EPOLL_CTL_ADD, empty[0], &event);
	epoll_wait(set, &event, 1, -1);
	pthread_cleanup_pop(1);
}

static void wait_eventfd(void)
{
	int file = eventfd(0, 0);
	uint64_t value;

	pthread_cleanup_push((void (*)(void *))(void (*)(void))close, (void *)(intptr_t)file);
	(void)!read(file, &value, sizeof(value));
	pthread_cleanup_pop(1);
}

static void wait_signal(void)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigwait(&set, &number);
}

static void wait_suspend(void)
{
	sigset_t all;

	sigfillset(&all);
	sigsuspend(&all);
}

static void wait_semaphore(void)
{
	sem_wait(&semaphore);
}

static void wait_join(void)
{
	pthread_join(forever, NULL);
}

/* The mutex is the thread's again when its handlers run. */
static void unlock(void *argument)
{
	(void)argument;
	if (pthread_mutex_unlock(&mutex) != 0)
		atomic_fetch_add(&cleaned, 100);
}

static void wait_condition(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, NULL);
	pthread_cond_wait(&condition, &mutex);
	pthread_cleanup_pop(1);
}

static void wait_condition_timed(void)
{
	struct timespec late = {INT32_MAX, 0};

	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, NULL);
	pthread_cond_timedwait(&condition, &mutex, &late);
	pthread_cleanup_pop(1);
}

static void wait_asynchronous(void)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (volatile unsigned i = 0;; i++)
		continue;
}

static const struct wait {
	const char *name;
	void (*call)(void);
} waits[] = {
	{"nanosleep", wait_nanosleep},
	{"clock_nanosleep", wait_clock},
	{"pause", wait_pause},
	{"read", wait_read},
	{"write", wait_write},
	{"poll", wait_poll},
	{"select", wait_select},
	{"epoll_wait", wait_epoll},
	{"read of an eventfd", wait_eventfd},
	{"sigwait", wait_signal},
	{"sigsuspend", wait_suspend},
	{"sem_wait", wait_semaphore},
	{"pthread_join", wait_join},
	{"pthread_cond_wait", wait_condition},
	{"pthread_cond_timedwait", wait_condition_timed},
	{"a loop, asynchronously", wait_asynchronous},
};

static void *waiter(void *argument)
{
	const struct wait *wait = argument;

	pthread_cleanup_push(on_cleanup, NULL);
	atomic_fetch_add(&waiting, 1);
	wait->call();
	atomic_store(&ended_by_itself, true);
	pthread_cleanup_pop(0);
	return NULL;
}

static pthread_t start(void *(*function)(void *), const void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, function, (void *)(uintptr_t)argument);
	if (errno)
		check_die("pthread_create");
	return thread;
}

static void sleep_us(long us)
{
	struct timespec time = {0, us * 1000};

	nanosleep(&time, NULL);
}

/* Was THREAD cancelled, and have its handlers run once? */
static bool was_cancelled(pthread_t thread)
{
	void *result = NULL;

	pthread_join(thread, &result);
	return result == PTHREAD_CANCELED && atomic_exchange(&cleaned, 0) == 1 &&
	       !atomic_exchange(&ended_by_itself, false);
}

/* LATER: when it waits already; else perhaps before. */
static bool cancel_one(const struct wait *wait, bool later)
{
	pthread_t thread = start(waiter, wait);

	while (later && atomic_load(&waiting) == 0)
		sched_yield();
	if (later)
		sleep_us(3000);
	pthread_cancel(thread);
	atomic_store(&waiting, 0);
	return was_cancelled(thread) && pthread_mutex_trylock(&mutex) == 0 &&
	       pthread_mutex_unlock(&mutex) == 0;
}

static void every_wait(void)
{
	check_section("every wait");
	for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		check_that(cancel_one(&waits[i], true), waits[i].name, __FILE__, __LINE__);
}

/* What a cancelled thread waited for is there for others. */
static void nothing_lost(void)
{
	char byte = 0;
	int value = -1;

	check_section("nothing is lost");
	for (int i = 0; i < 20; i++) {
		pthread_t thread = start(waiter, &waits[11]); /* sem_wait */
		void *result;

		if (i % 2)
			sleep_us(1000);
		pthread_cancel(thread);
		sem_post(&semaphore);
		pthread_join(thread, &result);
		/* Either it got the semaphore and ended, or it was cancelled and the post is left.
		 */
		if (result == PTHREAD_CANCELED)
			sem_wait(&semaphore);
	}
	atomic_store(&waiting, 0);
	sem_getvalue(&semaphore, &value);
	CHECK(value == 0);
	atomic_store(&cleaned, 0);
	atomic_store(&ended_by_itself, false);
	CHECK(cancel_one(&waits[3], true)); /* read */
	SHOW(write(empty[1], "y", 1));
	SHOW(read(empty[0], &byte, 1));
	CHECK(byte == 'y');
}

static void *disabled(void *argument)
{
	struct timespec soon = {0, 20000000};

	(void)argument;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	atomic_fetch_add(&waiting, 1);
	nanosleep(&soon, NULL);
	atomic_fetch_add(&waiting, 1);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	return NULL;
}

static void *itself(void *argument)
{
	(void)argument;
	pthread_cleanup_push(on_cleanup, NULL);
	pthread_cancel(pthread_self());
	pthread_testcancel();
	pthread_cleanup_pop(0);
	return NULL;
}

/* A handler that waits: it is not cancelled again. */
static void slow_cleanup(void *argument)
{
	sleep_us(5000);
	on_cleanup(argument);
}

static void *slow(void *argument)
{
	(void)argument;
	pthread_cleanup_push(slow_cleanup, NULL);
	atomic_fetch_add(&waiting, 1);
	pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static void states(void)
{
	pthread_t thread = start(disabled, NULL);
	void *result;

	check_section("states");
	while (atomic_load(&waiting) == 0)
		sched_yield();
	pthread_cancel(thread);
	pthread_join(thread, &result);
	CHECK(result == PTHREAD_CANCELED && atomic_exchange(&waiting, 0) == 2);
	CHECK(was_cancelled(start(itself, NULL)));
	thread = start(slow, NULL);
	while (atomic_load(&waiting) == 0)
		sched_yield();
	pthread_cancel(thread);
	pthread_cancel(thread);
	CHECK(was_cancelled(thread));
	atomic_store(&waiting, 0);
}

/* All kinds of waits, cancelled before, while or after they begin. */
static void at_random(unsigned rounds)
{
	unsigned good = 0, random = 1;

	check_section("at random");
	for (unsigned i = 0; i < rounds; i++) {
		pthread_t thread = start(waiter, &waits[i % (sizeof(waits) / sizeof(waits[0]))]);
		void *result;

		random = random * 1103515245 + 12345;
		if (random >> 16 & 3)
			sleep_us(random >> 18 & 0xff);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		good += result == PTHREAD_CANCELED && !atomic_load(&ended_by_itself);
		/* One that was cancelled at once has had no handler yet. */
		atomic_store(&cleaned, 0);
		atomic_store(&waiting, 0);
	}
	CHECK(good == rounds);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : ROUNDS;
	char block[4096] = {0};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	MUST(pipe(empty));
	MUST(pipe2(full, O_NONBLOCK));
	while (write(full[1], block, sizeof(block)) > 0)
		continue;
	MUST(fcntl(full[1], F_SETFL, 0));
	MUST(sem_init(&semaphore, 0, 0));
	forever = start(waiter, &waits[2]);
	while (atomic_load(&waiting) == 0)
		sched_yield();
	atomic_store(&waiting, 0);
	every_wait();
	nothing_lost();
	states();
	at_random(rounds);
	pthread_cancel(forever);
	CHECK(was_cancelled(forever));
	return check_done();
}
