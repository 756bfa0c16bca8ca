/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * panic one|all [THREADS]: breaks the kernel with an interrupt that no hardware has sent (INT 2,
 * the vector of NMIs), on one CPU or on all at once, while the others compute, change mappings,
 * wake each other, write to a file of the host and sleep. On Linux that is a plain SIGSEGV.
 */
#include "common/check.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREADS_MAX 64u
#define BLOCK	    8192u
#define ROUNDS	    5u /* of each thread, before the kernel is broken */

static sem_t turns[2];
static atomic_uint ready;
static atomic_bool now; /* panic all */
static unsigned count = 6;

static void break_kernel(void)
{
	__asm__ volatile("int $2");
}

static void compute(void)
{
	for (volatile unsigned i = 0; i < 10000; i++)
		continue;
}

static void map(void)
{
	char *block = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		check_die("mmap");
	memset(block, 1, BLOCK);
	munmap(block, BLOCK);
}

static void write_file(void)
{
	static char block[BLOCK];
	int file = open("file", O_WRONLY | O_CREAT, 0600);

	MUST(file);
	MUST(write(file, block, sizeof(block)));
	close(file);
}

/* As many threads of one side as of the other. */
static void wake(unsigned side)
{
	sem_post(&turns[!side]);
	while (sem_wait(&turns[side]))
		continue;
}

static void *work(void *argument)
{
	unsigned index = (unsigned)(uintptr_t)argument;

	for (unsigned round = 0; !atomic_load(&now); round++) {
		if (round == ROUNDS)
			atomic_fetch_add(&ready, 1);
		switch (index % 6) {
		case 0:
		case 1:
			wake(index % 2);
			break;
		case 2:
			map();
			break;
		case 3:
			write_file();
			break;
		case 4:
			usleep(100);
			break;
		default:
			compute();
		}
	}
	break_kernel();
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int all = argc > 1 && strcmp(argv[1], "all") == 0;

	if (argc < 2 || (!all && strcmp(argv[1], "one") != 0)) {
		fprintf(stderr, "usage: %s one|all [THREADS]\n", argv[0]);
		return 2;
	}
	if (argc > 2)
		count = (unsigned)atoi(argv[2]);
	if (count > THREADS_MAX || count < 2)
		check_die("the number of threads");
	MUST(sem_init(&turns[0], 0, 0));
	MUST(sem_init(&turns[1], 0, 0));
	for (uintptr_t i = 0; i < count; i++)
		MUST(-pthread_create(&thread, NULL, work, (void *)i));
	while (atomic_load(&ready) < count)
		usleep(1000);
	puts("all work");
	fflush(stdout);
	atomic_store(&now, all);
	break_kernel();
	return 0;
}
