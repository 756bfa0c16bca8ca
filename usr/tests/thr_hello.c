/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * thr_hello: proves that every thread has thread-local storage of its own, initialised from the
 * program's template, and that join returns each thread's result.
 */
#include "common/check.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#define THREADS 8

static _Thread_local int thread_id = -1;
static _Thread_local char big[4096] = "template";
static pthread_barrier_t barrier;
static int *addresses[THREADS];

static void *run(void *argument)
{
	int id = (int)(intptr_t)argument;
	intptr_t fresh = thread_id == -1 && big[0] == 't' && big[4095] == '\0';

	thread_id = id;
	big[4095] = (char)id;
	addresses[id] = &thread_id;
	pthread_barrier_wait(&barrier); /* all have written, none has ended */
	return (void *)(fresh && thread_id == id && big[4095] == (char)id ? (intptr_t)(id + 100)
									  : (intptr_t)-1);
}

int main(void)
{
	pthread_t threads[THREADS];
	void *result;

	printf("main: thread id %d\n", thread_id);
	if (pthread_barrier_init(&barrier, NULL, THREADS) != 0)
		check_die("pthread_barrier_init");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)(intptr_t)i) != 0)
			check_die("pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		printf("Hello from thread %d: result %ld\n", i, (long)(intptr_t)result);
		CHECK((intptr_t)result == i + 100);
	}
	for (int i = 0; i < THREADS; i++)
		for (int j = 0; j < i; j++)
			if (addresses[i] == addresses[j])
				printf("threads %d and %d share an address\n", i, j);
	CHECK(thread_id == -1);
	return check_done();
}
