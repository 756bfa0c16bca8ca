/* SPDX-License-Identifier: BSD-3-Clause */
/* Condition variables, barriers, bare futexes, scheduling. */
#include "threads.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 6
#define ITEMS	3000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static int queue[16], queued;
static int waiting, released;

static void *produce(void *argument)
{
	for (int i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&mutex);
		while (queued == 16)
			pthread_cond_wait(&not_full, &mutex);
		queue[queued++] = i;
		pthread_cond_signal(&not_empty);
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

static void *consume(void *argument)
{
	intptr_t sum = 0;

	(void)argument;
	for (int i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&mutex);
		while (queued == 0)
			pthread_cond_wait(&not_empty, &mutex);
		sum += queue[--queued];
		pthread_cond_signal(&not_full);
		pthread_mutex_unlock(&mutex);
	}
	return (void *)sum;
}

static void *wait_for_release(void *argument)
{
	pthread_mutex_lock(&mutex);
	waiting++;
	while (!released)
		pthread_cond_wait(&not_empty, &mutex);
	pthread_mutex_unlock(&mutex);
	return argument;
}

static void condition_timeouts(void)
{
	pthread_condattr_t attributes;
	pthread_cond_t monotonic;
	struct timespec until = after_ms(CLOCK_REALTIME, 30);

	pthread_mutex_lock(&mutex);
	SHOW(pthread_cond_timedwait(&not_full, &mutex, &until) == ETIMEDOUT);
	SHOW(pthread_cond_timedwait(&not_full, &mutex, &until) == ETIMEDOUT); /* in the past */
	pthread_condattr_init(&attributes);
	SHOW(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
	SHOW(pthread_cond_init(&monotonic, &attributes));
	until = after_ms(CLOCK_MONOTONIC, 30);
	SHOW(pthread_cond_timedwait(&monotonic, &mutex, &until) == ETIMEDOUT);
	SHOW(pthread_cond_destroy(&monotonic));
	SHOW(pthread_mutex_trylock(&mutex) == EBUSY); /* held again after the wait */
	pthread_mutex_unlock(&mutex);
}

void threads_condition(void)
{
	pthread_t producers[3], consumers[3], waiters[THREADS];
	intptr_t sum = 0;

	check_section("condition variables");
	for (int i = 0; i < 3; i++) {
		consumers[i] = start(consume, NULL);
		producers[i] = start(produce, NULL);
	}
	for (int i = 0; i < 3; i++) {
		finish(producers[i]);
		sum += (intptr_t)finish(consumers[i]);
	}
	check_show("sum of all items", sum);
	for (int i = 0; i < THREADS; i++)
		waiters[i] = start(wait_for_release, NULL);
	for (int seen = 0; seen < THREADS;) {
		pthread_mutex_lock(&mutex);
		seen = waiting;
		pthread_mutex_unlock(&mutex);
		sched_yield();
	}
	pthread_mutex_lock(&mutex);
	released = 1;
	SHOW(pthread_cond_broadcast(&not_empty));
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < THREADS; i++)
		finish(waiters[i]);
	condition_timeouts();
}

static pthread_barrier_t barrier;
static atomic_int phase_sum[50];

static void *pass_barrier(void *argument)
{
	intptr_t serial = 0, bad = 0;

	(void)argument;
	for (int i = 0; i < 50; i++) {
		atomic_fetch_add(&phase_sum[i], 1);
		serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
		bad += atomic_load(&phase_sum[i]) != THREADS;
	}
	return (void *)(serial + 10000 * bad);
}

void threads_barrier(void)
{
	pthread_t threads[THREADS];
	intptr_t sum = 0;

	check_section("barriers");
	SHOW(pthread_barrier_init(&barrier, NULL, THREADS));
	for (int i = 0; i < THREADS; i++)
		threads[i] = start(pass_barrier, NULL);
	for (int i = 0; i < THREADS; i++)
		sum += (intptr_t)finish(threads[i]);
	check_show("serial threads", sum);
	SHOW(pthread_barrier_destroy(&barrier));
	SHOW(pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
}

static atomic_int word, other_word;

static long futex(atomic_int *address, int operation, int value, const void *timeout,
		  atomic_int *second, int bits)
{
	return syscall(SYS_futex, address, operation, value, timeout, second, bits);
}

static void *wait_plain(void *argument)
{
	atomic_fetch_add(&other_word, 1);
	return (void *)futex(&word, FUTEX_WAIT_PRIVATE, 0, argument, NULL, 0);
}

static void *wait_bits(void *bits)
{
	atomic_fetch_add(&other_word, 1);
	return (void *)futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, (int)(intptr_t)bits);
}

/* Starts waiters and gives them time to fall asleep. */
static void start_waiters(pthread_t *threads, int count, void *(*function)(void *))
{
	atomic_store(&other_word, 0);
	for (intptr_t i = 0; i < count; i++)
		threads[i] = start(function, function == wait_bits ? (void *)(1l << i) : NULL);
	while (atomic_load(&other_word) < count)
		sched_yield();
	pause_ms(100);
}

static void futex_errors(void)
{
	struct timespec brief = {0, 20000000}, bad = {0, 1000000000};
	struct timespec until = after_ms(CLOCK_MONOTONIC, 20);

	SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 0, &brief, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 0, &bad, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT, 0, &brief, NULL, 0));
	SHOW(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, -1));
	SHOW(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &until, NULL, 0));
	until = after_ms(CLOCK_REALTIME, 20);
	SHOW(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &until, NULL, -1));
	SHOW(futex(bad_pointer, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(futex((atomic_int *)((uintptr_t)&word + 1), FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(futex(&word, 99, 1, NULL, NULL, 0));
}

void threads_futex(void)
{
	pthread_t threads[4];

	check_section("futex");
	futex_errors();
	start_waiters(threads, 4, wait_plain);
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < 4; i++)
		SHOW((intptr_t)finish(threads[i]));
	start_waiters(threads, 4, wait_bits); /* with bits 1, 2, 4, 8 */
	SHOW(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 16));
	SHOW(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, 2));
	SHOW((intptr_t)finish(threads[1]));
	SHOW(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 1, NULL, NULL, 12));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	finish(threads[0]);
	finish(threads[2]);
	finish(threads[3]);
}

void threads_futex_requeue(void)
{
	static atomic_int target;
	pthread_t threads[4];

	check_section("futex requeue");
	start_waiters(threads, 4, wait_plain);
	SHOW(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)10, &target, 55));
	SHOW(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &target, 0)); /* woken + moved */
	SHOW(futex(&target, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SHOW(futex(&word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	SHOW(futex(&target, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < 4; i++)
		finish(threads[i]);
	start_waiters(threads, 2, wait_plain);
	/* Adds 1 to target, wakes one there if it was 0, and one at word. */
	SHOW(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &target,
		   FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)));
	SHOW(target);
	SHOW(futex(&word, FUTEX_REQUEUE_PRIVATE, 0, (void *)10, &target, 0));
	SHOW(futex(&target, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < 2; i++)
		finish(threads[i]);
}

void threads_scheduling(void)
{
	struct sched_param param = {0};
	struct timespec interval;
	cpu_set_t cpus;
	unsigned int cpu = 99, node = 99;

	check_section("scheduling");
	SHOW(sched_yield());
	SHOW(sched_getscheduler(0));
	SHOW(sched_getparam(0, &param));
	SHOW(param.sched_priority);
	SHOW(sched_get_priority_min(SCHED_FIFO));
	SHOW(sched_get_priority_max(SCHED_FIFO));
	SHOW(sched_get_priority_max(SCHED_OTHER));
	SHOW(sched_get_priority_max(99));
	SHOW(sched_rr_get_interval(0, &interval));
	SHOW(sched_setscheduler(0, SCHED_OTHER, &param));
	param.sched_priority = 200;
	SHOW(sched_setscheduler(0, SCHED_FIFO, &param));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(setpriority(PRIO_PROCESS, 0, 5));
	SHOW(getpriority(PRIO_PROCESS, 0));
	SHOW(sched_getaffinity(0, sizeof(cpus), &cpus));
	CHECK(CPU_COUNT(&cpus) >= 1);
	SHOW(sched_setaffinity(0, sizeof(cpus), &cpus));
	CPU_ZERO(&cpus);
	SHOW(sched_setaffinity(0, sizeof(cpus), &cpus));
	SHOW(getcpu(&cpu, &node));
	CHECK(cpu < 1024 && node < 64);
	CHECK(sched_getcpu() >= 0);
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
}
