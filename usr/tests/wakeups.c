/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * wakeups [SEED [STEPS]]: many sleepers, wakers and timers at once, to find a wake-up that gets
 * lost and a deadlock. Whatever a thread waits for without a time-out is sure to come; if it does
 * not, the watchdog says who hangs where. The same seed gives each thread the same steps.
 */
#include "common/check.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WORKERS	     10
#define RING	     5
#define RING_ROUNDS  400
#define STEPS	     150
#define MICROSECOND  1000L
#define SECOND	     1000000000L
#define PATIENCE     100 /* seconds */
#define TIMER_PERIOD (700 * MICROSECOND)

static unsigned steps = STEPS;
static uint64_t seed = 1;

static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t mailbox[WORKERS];
static pthread_t workers[WORKERS];
static const char *_Atomic place[WORKERS + RING];
static atomic_uint token[RING];
static atomic_ulong signals_seen, ticks_seen, born, died;
static unsigned long inside; /* guarded by shared */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

static void on_signal(int number)
{
	atomic_fetch_add(number == SIGUSR1 ? &signals_seen : &ticks_seen, 1);
}

/* The time on CLOCK that is NANOSECONDS from now. */
static struct timespec after(clockid_t clock, long nanoseconds)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_nsec += nanoseconds;
	time.tv_sec += time.tv_nsec / SECOND;
	time.tv_nsec %= SECOND;
	return time;
}

static void nap(uint64_t *state)
{
	long length = (long)(next_random(state) % 1500) * MICROSECOND;
	struct timespec time = {0, length};

	switch (next_random(state) % 3) {
	case 0:
		while (nanosleep(&time, &time))
			continue;
		break;
	case 1:
		time = after(CLOCK_MONOTONIC, length);
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
			continue;
		break;
	default:
		time = after(CLOCK_REALTIME, length);
		while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL) == EINTR)
			continue;
	}
}

static void lock_a_while(uint64_t *state)
{
	struct timespec limit =
		after(CLOCK_REALTIME, (long)(next_random(state) % 2000) * MICROSECOND);

	if (pthread_mutex_timedlock(&shared, &limit))
		return;
	if (++inside != 1)
		check_die("two threads hold one mutex");
	if (next_random(state) % 2)
		nap(state);
	else
		sched_yield();
	inside--;
	pthread_mutex_unlock(&shared);
}

static void wait_for_change(uint64_t *state)
{
	struct timespec limit =
		after(CLOCK_REALTIME, (long)(next_random(state) % 3000) * MICROSECOND);

	pthread_mutex_lock(&shared);
	pthread_cond_timedwait(&changed, &shared, &limit);
	pthread_mutex_unlock(&shared);
}

static void *short_life(void *argument)
{
	sched_yield();
	atomic_fetch_add(&died, 1);
	return argument;
}

static void give_birth(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, short_life, NULL))
		return;
	atomic_fetch_add(&born, 1);
	pthread_detach(thread);
}

static void take_mail(uint64_t *state, unsigned self)
{
	struct timespec limit =
		after(CLOCK_REALTIME, (long)(next_random(state) % 1000) * MICROSECOND);

	sem_post(&mailbox[next_random(state) % WORKERS]);
	while (sem_timedwait(&mailbox[self], &limit) && errno == EINTR)
		continue;
}

static void one_step(uint64_t *state, unsigned self)
{
	switch (next_random(state) % 8) {
	case 0:
		place[self] = "sleeping";
		nap(state);
		break;
	case 1:
		place[self] = "taking the mutex";
		lock_a_while(state);
		break;
	case 2:
		place[self] = "waiting for the condition";
		wait_for_change(state);
		break;
	case 3:
		place[self] = "signalling";
		pthread_cond_signal(&changed);
		break;
	case 4:
		pthread_cond_broadcast(&changed);
		break;
	case 5:
		place[self] = "waiting for mail";
		take_mail(state, self);
		break;
	case 6:
		place[self] = "sending a signal";
		pthread_kill(workers[next_random(state) % WORKERS], SIGUSR1);
		break;
	default:
		place[self] = "starting a thread";
		give_birth();
	}
}

static void *work(void *argument)
{
	unsigned self = (unsigned)(uintptr_t)argument;
	uint64_t state = seed * 1000 + self + 1;

	place[self] = "before the barrier";
	pthread_barrier_wait(&barrier); /* workers[] is complete */
	for (unsigned i = 0; i < steps; i++)
		one_step(&state, self);
	place[self] = "at the last barrier";
	pthread_barrier_wait(&barrier); /* nobody is signalled who has ended */
	return argument;
}

static long futex(atomic_uint *word, int operation, unsigned value)
{
	return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

/* Passes a token round and round, waiting for it without any time-out. */
static void *pass_token(void *argument)
{
	unsigned self = (unsigned)(uintptr_t)argument, next = (self + 1) % RING;

	for (unsigned i = 0; i < RING_ROUNDS; i++) {
		place[WORKERS + self] = "waiting for the token";
		while (!atomic_exchange(&token[self], 0))
			futex(&token[self], FUTEX_WAIT_PRIVATE, 0);
		atomic_store(&token[next], 1);
		futex(&token[next], FUTEX_WAKE_PRIVATE, INT_MAX);
	}
	return argument;
}

static void join_all(pthread_t *threads, unsigned count)
{
	struct timespec limit = after(CLOCK_REALTIME, 0);

	limit.tv_sec += PATIENCE;
	for (unsigned i = 0; i < count; i++) {
		if (!pthread_timedjoin_np(threads[i], NULL, &limit))
			continue;
		printf("a thread hangs; seed %lu\n", (unsigned long)seed);
		for (unsigned j = 0; j < WORKERS + RING; j++)
			printf("thread %u: %s\n", j, place[j]);
		exit(1);
	}
}

static timer_t start_ticks(void)
{
	const struct itimerspec times = {{0, TIMER_PERIOD}, {0, TIMER_PERIOD}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	timer_t timer;

	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
	MUST(timer_settime(timer, 0, &times, NULL));
	return timer;
}

static void set_handlers(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	MUST(sigaction(SIGUSR1, &action, NULL));
	MUST(sigaction(SIGUSR2, &action, NULL));
}

int main(int argc, char **argv)
{
	pthread_t ring[RING];
	timer_t timer;

	if (argc > 1)
		seed = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		steps = (unsigned)strtoul(argv[2], NULL, 0);
	set_handlers();
	pthread_barrier_init(&barrier, NULL, WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		sem_init(&mailbox[i], 0, 0);
	timer = start_ticks();
	for (uintptr_t i = 0; i < RING; i++)
		CHECK(!pthread_create(&ring[i], NULL, pass_token, (void *)i));
	for (uintptr_t i = 0; i < WORKERS; i++)
		CHECK(!pthread_create(&workers[i], NULL, work, (void *)i));
	atomic_store(&token[0], 1);
	futex(&token[0], FUTEX_WAKE_PRIVATE, 1);
	join_all(ring, RING);
	join_all(workers, WORKERS);
	MUST(timer_delete(timer));
	CHECK(inside == 0);
	CHECK(atomic_load(&ticks_seen) > 0);
	CHECK(atomic_load(&signals_seen) > 0);
	while (atomic_load(&died) < atomic_load(&born))
		sched_yield();
	CHECK(atomic_load(&died) == atomic_load(&born));
	return check_done();
}
