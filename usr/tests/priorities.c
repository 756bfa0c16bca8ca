/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * priorities: proves that the scheduling policies do on one CPU what they promise: a higher
 * priority runs first and at once, equals of SCHED_FIFO run one after the other, equals of SCHED_RR
 * and SCHED_OTHER take turns, SCHED_IDLE gets what others leave. Needs the right to use them.
 */
#include "common/check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ORDER_MAX 16

static atomic_int order[ORDER_MAX], ordered, stop;
struct counter {
	atomic_ulong turns;
};
static struct counter counters[2];

static void *note(void *argument)
{
	order[atomic_fetch_add(&ordered, 1)] = *(int *)argument;
	return NULL;
}

/* Notes that it runs, lets its equals run, and notes that it runs again. */
static void *note_twice(void *argument)
{
	note(argument);
	sched_yield();
	note(argument);
	return NULL;
}

static void *spin(void *argument)
{
	struct counter *mine = argument;

	while (!atomic_load(&stop))
		atomic_fetch_add(&mine->turns, 1);
	return NULL;
}

static void become(int policy, int priority)
{
	struct sched_param parameter = {.sched_priority = priority};

	MUST(sched_setscheduler(0, policy, &parameter));
}

static void *spin_idly(void *argument)
{
	become(SCHED_IDLE, 0);
	return spin(argument);
}

static pthread_t start(int policy, int priority, void *(*function)(void *), void *argument)
{
	struct sched_param parameter = {.sched_priority = priority};
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	MUST(-pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED));
	MUST(-pthread_attr_setschedpolicy(&attributes, policy));
	MUST(-pthread_attr_setschedparam(&attributes, &parameter));
	MUST(-pthread_create(&thread, &attributes, function, argument));
	pthread_attr_destroy(&attributes);
	return thread;
}

static void values(void)
{
	static const int policies[] = {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, SCHED_RR};
	struct sched_param parameter = {0};

	check_section("values");
	for (int i = 0; i < 5; i++) {
		SHOW(sched_get_priority_min(policies[i]));
		SHOW(sched_get_priority_max(policies[i]));
		parameter.sched_priority = sched_get_priority_max(policies[i]);
		SHOW(sched_setscheduler(0, policies[i], &parameter));
		SHOW(sched_getscheduler(0) == policies[i]);
		SHOW(sched_getparam(0, &parameter));
		SHOW(parameter.sched_priority);
		parameter.sched_priority++;
		SHOW(sched_setscheduler(0, policies[i], &parameter));
		parameter.sched_priority = sched_get_priority_min(policies[i]) - 1;
		SHOW(sched_setparam(0, &parameter));
	}
	SHOW(sched_setscheduler(0, 77, &parameter));
	SHOW(sched_get_priority_max(77));
}

/* Nothing is printed while threads wait for their turn: that may block. */
static void fifo(void)
{
	int low = 1, middle = 2, high = 3, early, first;
	pthread_t threads[5];

	check_section("FIFO");
	become(SCHED_FIFO, 50);
	threads[0] = start(SCHED_FIFO, 10, note, &low);
	threads[1] = start(SCHED_FIFO, 20, note_twice, &middle);
	threads[2] = start(SCHED_RR, 20, note_twice, &middle);
	threads[3] = start(SCHED_OTHER, 0, note, &low);
	early = ordered;
	threads[4] = start(SCHED_FIFO, 60, note, &high);
	first = ordered;
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	CHECK(early == 0);
	CHECK(first == 1 && order[0] == high);
	for (int i = 0; i < ordered; i++)
		printf(" %d", order[i]);
	printf("\n");
	/* The running thread gives its priority away. */
	ordered = 0;
	threads[0] = start(SCHED_FIFO, 40, note, &low);
	early = ordered;
	become(SCHED_FIFO, 30);
	first = ordered;
	pthread_join(threads[0], NULL);
	CHECK(early == 0);
	CHECK(first == 1);
}

/* Lets two threads compute for a while, until each has made its first turn or 5 s are over. */
static void compete(int policy, int priority, void *(*second)(void *), int both)
{
	struct timespec pause = {0, 20000000};
	pthread_t threads[2];

	counters[0].turns = counters[1].turns = stop = 0;
	threads[0] = start(policy, priority, spin, &counters[0]);
	threads[1] = start(policy, priority, second, &counters[1]);
	for (int i = 0; i < 250 && (i < 10 || (both && (!counters[0].turns || !counters[1].turns)));
	     i++)
		nanosleep(&pause, NULL);
	atomic_store(&stop, 1);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

static void sharing(void)
{
	check_section("sharing");
	become(SCHED_FIFO, 50);
	compete(SCHED_RR, 20, spin, 1);
	CHECK(counters[0].turns && counters[1].turns);
	compete(SCHED_OTHER, 0, spin, 1);
	CHECK(counters[0].turns && counters[1].turns);
	compete(SCHED_OTHER, 0, spin_idly, 0);
	CHECK(counters[0].turns > counters[1].turns);
}

int main(void)
{
	cpu_set_t first;
	int cpu = sched_getcpu();

	CPU_ZERO(&first);
	CPU_SET((size_t)cpu, &first);
	MUST(sched_setaffinity(0, sizeof(first), &first));
	values();
	fifo();
	sharing();
	return check_done();
}
