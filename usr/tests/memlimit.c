/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memlimit: takes memory until there is none, three times. Proves that the program is told (NULL,
 * ENOMEM) and goes on: it can free, allocate again, start a thread and write a file.
 *
 * On Linux a limit on the address space takes the place of the small machine.
 */
#include "common/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define BLOCK	  ((size_t)1 << 20)
#define LINUX_MAX ((rlim_t)256 << 20)

struct block {
	struct block *next;
};

/* Returns the number of blocks; each is written in full. */
static size_t take_all(struct block **list)
{
	size_t count = 0;
	struct block *block;

	while ((block = malloc(BLOCK)) != NULL) {
		memset(block, 0x55, BLOCK);
		block->next = *list;
		*list = block;
		count++;
	}
	return count;
}

static size_t give_all(struct block *list)
{
	size_t count = 0;

	while (list) {
		struct block *next = list->next;

		count += ((unsigned char *)list)[BLOCK - 1] == 0x55;
		free(list);
		list = next;
	}
	return count;
}

static void *say_so(void *argument)
{
	return argument;
}

static int thread_starts(void)
{
	pthread_t thread;
	void *result = NULL;

	return pthread_create(&thread, NULL, say_so, &result) == 0 &&
	       pthread_join(thread, &result) == 0 && result == &result;
}

static int file_is_written(void)
{
	FILE *file = fopen("memlimit.txt", "w");

	return file && fputs("written after memory had run out\n", file) >= 0 && fclose(file) == 0;
}

int main(void)
{
	struct rlimit limit = {LINUX_MAX, LINUX_MAX};
	size_t first = 0;

	setrlimit(RLIMIT_AS, &limit);
	for (int round = 0; round < 3; round++) {
		struct block *list = NULL;
		size_t taken;
		void *huge;

		errno = 0;
		taken = take_all(&list);
		CHECK(errno == ENOMEM);
		CHECK(taken > 4);
		huge = mmap(NULL, (size_t)1 << 40, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		check_show("mmap of 1 TiB", huge == MAP_FAILED ? -1 : 0);
		CHECK(give_all(list) == taken);
		if (round == 0)
			first = taken;
		CHECK(taken + 8 >= first); /* nothing leaks */
		CHECK(thread_starts());
	}
	CHECK(file_is_written());
	return check_done();
}
