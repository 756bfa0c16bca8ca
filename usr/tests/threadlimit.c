/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * threadlimit [MAX]: as many threads as there can be, at most MAX, several times: the limit is
 * EAGAIN, and the memory of ended threads comes back, so that later rounds reach what the first one
 * did.
 */
#include "common/check.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS	   4
#define STACK_SIZE 65536u
#define FEW	   100u
#define SLACK_PART 50u /* of the count: rounds may differ by so much */

static sem_t go;

static void *wait_for_go(void *argument)
{
	while (sem_wait(&go))
		continue;
	return argument;
}

static unsigned one_round(pthread_t *threads, unsigned max)
{
	pthread_attr_t attributes;
	unsigned count = 0, wrong = 0;
	int error = 0;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	while (count < max && !error) {
		error = pthread_create(&threads[count], &attributes, wait_for_go,
				       (void *)(uintptr_t)count);
		count += !error;
	}
	CHECK(!error || error == EAGAIN);
	for (unsigned i = 0; i < count; i++)
		sem_post(&go);
	for (uintptr_t i = 0; i < count; i++) {
		void *result;

		wrong += pthread_join(threads[i], &result) || result != (void *)i;
	}
	CHECK(wrong == 0);
	return count;
}

int main(int argc, char **argv)
{
	unsigned max = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1000;
	pthread_t *threads = calloc(max, sizeof(*threads));
	unsigned first, count;

	if (!threads)
		check_die("calloc");
	MUST(sem_init(&go, 0, 0));
	first = one_round(threads, max);
	CHECK(first >= FEW);
	for (int i = 1; i < ROUNDS; i++) {
		count = one_round(threads, max);
		CHECK(count + first / SLACK_PART >= first);
	}
	free(threads);
	return check_done();
}
