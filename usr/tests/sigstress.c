/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sigstress [SEED [STEPS]]: threads that come and go, work and wait, while others and timers send
 * them signals. Nothing may be lost that must not be: each queued signal is handled exactly once,
 * with its value, by the thread that it was sent to; what a thread computes, and its errno, are not
 * disturbed; no wait hangs. The same seed gives each thread the same steps.
 */
#include "common/check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WORKERS	 6
#define SENDERS	 3
#define STEPS	 800
#define PATIENCE 100 /* seconds */
#define QUEUED	 SIGRTMIN
#define PLAIN	 SIGUSR1
#define LAST	 SIGUSR2 /* nothing comes after it */

static unsigned steps = STEPS;
static uint64_t seed = 1;

static struct worker {
	pthread_t thread;
	atomic_ulong sent, sent_sum; /* queued signals, by all senders */
	atomic_ulong got, got_sum;
} workers[WORKERS];

static atomic_uint working = WORKERS, mistakes;
static atomic_ulong ticks, plain;
static sem_t token;
static _Thread_local struct worker *self;
static _Thread_local int depth;
static _Thread_local double fraction = 0.5;

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

static void mistake(const char *what)
{
	if (atomic_fetch_add(&mistakes, 1) < 5)
		printf("FAIL: %s\n", what);
}

/* Numbers in registers of every kind: what a handler must not disturb. */
static uint64_t compute(uint64_t start, unsigned length)
{
	double sum = 0;
	uint64_t value = start;

	for (unsigned i = 1; i <= length; i++) {
		value = value * 6364136223846793005u + i;
		sum += (double)(value >> 40) / i;
	}
	return value ^ (uint64_t)sum;
}

static void on_queued(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)number;
	(void)context;
	if (!self || info->si_code != SI_QUEUE || info->si_pid != getpid()) {
		mistake("a queued signal is not what was sent");
		return;
	}
	atomic_fetch_add(&self->got, 1);
	atomic_fetch_add(&self->got_sum, (unsigned long)info->si_value.sival_int);
	if (++depth > 1)
		mistake("a masked signal interrupts its own handler");
	errno = 0;
	(void)compute((uint64_t)info->si_value.sival_int, 20);
	if (info->si_value.sival_int % 5 == 0)
		sched_yield();
	(void)close(-1); /* changes errno */
	depth--;
	errno = saved;
}

static void on_plain(int number)
{
	int saved = errno;

	atomic_fetch_add(number == PLAIN ? &plain : &ticks, 1);
	fraction *= 1.5;
	(void)close(-1);
	fraction /= 1.5;
	errno = saved;
}

static void on_last(int number)
{
	(void)number;
}

/* Work that signals interrupt; none of it may come out wrong. */
static void step(uint64_t *random)
{
	uint64_t start = next_random(random);
	struct timespec soon = {0, (long)(start % 200) * 1000};
	int file[2];
	char byte;

	switch (start >> 60) {
	case 0 ... 5:
		if (compute(start, 2000) != compute(start, 2000))
			mistake("a computation is disturbed");
		break;
	case 6 ... 8:
		errno = EDOM;
		if (compute(start, 500) == 0 || errno != EDOM)
			mistake("errno is disturbed");
		break;
	case 9 ... 10:
		if (nanosleep(&soon, &soon) != 0 && errno != EINTR)
			mistake("nanosleep");
		break;
	case 11:
		if (poll(NULL, 0, 1) != 0 && errno != EINTR)
			mistake("poll");
		break;
	case 12 ... 13: /* SA_RESTART: it does not end with EINTR */
		sem_post(&token);
		while (sem_wait(&token) != 0) {
			if (errno != EINTR)
				mistake("sem_wait");
		}
		break;
	default:
		if (pipe(file) != 0) {
			mistake("pipe");
			break;
		}
		if (write(file[1], "x", 1) != 1 || read(file[0], &byte, 1) != 1 || byte != 'x')
			mistake("a pipe is disturbed");
		close(file[0]);
		close(file[1]);
		break;
	}
	if (fraction != 0.5)
		mistake("a thread-local number is disturbed");
}

static void *nothing(void *argument)
{
	return argument;
}

static void *work(void *argument)
{
	uint64_t random = seed * 0x9e3779b97f4a7c15u + (uintptr_t)argument + 1;
	pthread_t child;
	sigset_t set;
	int number;

	self = &workers[(uintptr_t)argument];
	sigfillset(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (unsigned i = 0; i < steps; i++) {
		step(&random);
		if (i % 32 == 0 && pthread_create(&child, NULL, nothing, NULL) == 0)
			pthread_join(child, NULL);
	}
	atomic_fetch_sub(&working, 1);
	/* All senders have ended when this one comes, and what they sent is handled before. */
	sigemptyset(&set);
	sigaddset(&set, LAST);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (sigwait(&set, &number) != 0 || number != LAST)
		continue;
	return NULL;
}

/* As pthread_sigqueue, which also waits for room in the queue. */
static void send_queued(struct worker *worker, int value)
{
	union sigval data = {.sival_int = value};

	while ((errno = pthread_sigqueue(worker->thread, QUEUED, data)) == EAGAIN)
		sched_yield();
	if (errno) {
		mistake("pthread_sigqueue");
		return;
	}
	atomic_fetch_add(&worker->sent, 1);
	atomic_fetch_add(&worker->sent_sum, (unsigned long)value);
}

static void *send(void *argument)
{
	uint64_t random = seed * 0x2545f4914f6cdd1du + (uintptr_t)argument + 77;

	while (atomic_load(&working) > 0) {
		uint64_t choice = next_random(&random);
		struct worker *worker = &workers[choice % WORKERS];

		if (choice >> 62)
			send_queued(worker, (int)(choice >> 32 & 0xffff));
		else if (pthread_kill(worker->thread, PLAIN) != 0)
			mistake("pthread_kill");
		if (choice >> 40 & 1)
			sched_yield();
		else
			nanosleep(&(struct timespec){0, (long)(choice >> 41 & 0xffff)}, NULL);
	}
	return NULL;
}

static void handle(int number, void (*plain_handler)(int),
		   void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = {.sa_flags = SA_RESTART};

	if (handler) {
		action.sa_sigaction = handler;
		action.sa_flags |= SA_SIGINFO;
	} else {
		action.sa_handler = plain_handler;
	}
	MUST(sigaction(number, &action, NULL));
}

static void *watch(void *argument)
{
	(void)argument;
	sleep(PATIENCE);
	printf("FATAL: it hangs; %u still work\n", atomic_load(&working));
	fflush(stdout);
	_exit(2);
}

/* Threads block all signals until they are ready for them. */
static pthread_t start(void *(*function)(void *), uintptr_t number)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, function, (void *)number);
	if (errno)
		check_die("pthread_create");
	return thread;
}

static timer_t start_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	struct itimerspec period = {{0, 900000}, {0, 900000}};
	timer_t timer;

	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
	MUST(timer_settime(timer, 0, &period, NULL));
	return timer;
}

static void count_all(void)
{
	unsigned long lost = 0, wrong = 0, sent = 0;

	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &workers[i];

		sent += atomic_load(&worker->sent);
		lost += atomic_load(&worker->sent) != atomic_load(&worker->got);
		wrong += atomic_load(&worker->sent_sum) != atomic_load(&worker->got_sum);
	}
	CHECK(sent > 0);
	CHECK(lost == 0);
	CHECK(wrong == 0);
	CHECK(atomic_load(&plain) > 0);
	CHECK(atomic_load(&ticks) > 0);
	CHECK(atomic_load(&mistakes) == 0);
}

int main(int argc, char **argv)
{
	pthread_t senders[SENDERS];
	sigset_t all;
	timer_t timer;

	seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
	steps = argc > 2 ? (unsigned)atoi(argv[2]) : steps;
	MUST(sem_init(&token, 0, 0));
	handle(QUEUED, NULL, on_queued);
	handle(PLAIN, on_plain, NULL);
	handle(SIGALRM, on_plain, NULL);
	handle(LAST, on_last, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	start(watch, 0);
	for (uintptr_t i = 0; i < WORKERS; i++)
		workers[i].thread = start(work, i);
	timer = start_timer();
	for (uintptr_t i = 0; i < SENDERS; i++)
		senders[i] = start(send, i);
	for (int i = 0; i < SENDERS; i++)
		pthread_join(senders[i], NULL);
	timer_delete(timer);
	for (int i = 0; i < WORKERS; i++)
		pthread_kill(workers[i].thread, LAST);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	count_all();
	return check_done();
}
