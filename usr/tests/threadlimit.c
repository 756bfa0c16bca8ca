/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * threadlimit [MAX]: as many threads as there can be, at most MAX, several times: the limit is
 * EAGAIN, and the memory of ended threads comes back, so that later rounds reach what the first one
 * did. In an isle all of it is counted: a round leaves no more than FRAMES_MORE frames. On Linux
 * others take memory and give it back meanwhile.
 *
 * The stacks are the program's own and given back after each round, as the C library keeps those of
 * ended threads for later. The kernel keeps a few as well; how many it has in the end depends on
 * the last ones only, so a few more threads come and go before the memory is counted.
 */
#include "common/check.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	    4
#define STACK_SIZE  65536u
#define FEW	    100u
#define SLACK_PART  50u /* of the count: rounds may differ by so much */
#define SETTLERS    72u
#define FRAMES_MORE 16 /* a page of objects of each kind that a thread has may stay half full */
#define PATIENCE    20 /* seconds: a thread that has been joined has not quite ended */
#define PAGE	    4096u

static sem_t go;

static void *wait_for_go(void *argument)
{
	while (sem_wait(&go))
		continue;
	return argument;
}

static unsigned one_round(pthread_t *threads, unsigned max)
{
	size_t size = (size_t)max * STACK_SIZE;
	char *stacks = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	pthread_attr_t attributes;
	unsigned count = 0, wrong = 0;
	int error = 0;

	if (stacks == MAP_FAILED)
		check_die("mmap");
	pthread_attr_init(&attributes);
	while (count < max && !error) {
		pthread_attr_setstack(&attributes, stacks + (size_t)count * STACK_SIZE, STACK_SIZE);
		error = pthread_create(&threads[count], &attributes, wait_for_go,
				       (void *)(uintptr_t)count);
		count += !error;
	}
	for (unsigned i = 0; i < count; i++)
		sem_post(&go);
	for (uintptr_t i = 0; i < count; i++) {
		void *result;

		wrong += pthread_join(threads[i], &result) || result != (void *)i;
	}
	pthread_attr_destroy(&attributes);
	munmap(stacks, size);
	if (wrong || (error && error != EAGAIN))
		printf("error %s, %u threads without their result\n", check_errno_name(error),
		       wrong);
	return count;
}

static long free_frames(void)
{
	struct sysinfo info;

	MUST(sysinfo(&info));
	return (long)(info.freeram * info.mem_unit / PAGE);
}

/* Frames that are free when all threads have ended, at least EXPECTED if that ever happens. */
static long settled_frames(pthread_t *threads, long expected)
{
	time_t end = time(NULL) + PATIENCE;
	long found;

	do {
		one_round(threads, SETTLERS);
		usleep(10000);
		found = free_frames();
	} while (found < expected && time(NULL) < end);
	return found;
}

int main(int argc, char **argv)
{
	unsigned max = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1000;
	pthread_t *threads = calloc(max, sizeof(*threads));
	int shared = access("/proc/self/loginuid", F_OK) == 0; /* with others: Linux */
	unsigned first, count;
	long before, after;

	if (max < SETTLERS)
		check_die("MAX is too small");
	if (!threads)
		check_die("calloc");
	MUST(sem_init(&go, 0, 0));
	first = one_round(threads, max);
	CHECK(first >= FEW);
	before = settled_frames(threads, 0);
	for (int i = 1; i < ROUNDS; i++) {
		count = one_round(threads, max);
		CHECK(count + first / SLACK_PART >= first);
		after = settled_frames(threads, shared ? 0 : before - FRAMES_MORE);
		if (!CHECK(shared || after >= before - FRAMES_MORE))
			fprintf(stderr, "%ld frames are missing\n", before - after);
	}
	free(threads);
	return check_done();
}
