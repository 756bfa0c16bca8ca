/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-malloc-mt: proves that several threads can allocate and free at once, each from its own
 * arena and blocks of each other, without losing a byte.
 */
#include "common/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define THREADS	   4
#define ROUNDS	   2000
#define STEP	   (16ul << 10)
#define SLOTS	   256
#define SMALL_MAX  2048
#define SWAP_COUNT 20000

struct block {
	size_t size;
	unsigned char value;
	unsigned char bytes[];
};

static _Atomic(struct block *) slots[SLOTS];

static void *grow(void *argument)
{
	intptr_t bad = 0;

	(void)argument;
	for (unsigned long i = 1; i <= ROUNDS; i++) {
		char *memory = malloc(STEP * i);

		if (!memory) {
			bad++;
			continue;
		}
		memory[0] = memory[STEP * i - 1] = (char)i;
		bad += memory[0] != (char)i;
		free(memory);
	}
	return (void *)bad;
}

static int intact(const struct block *block)
{
	for (size_t i = 0; i < block->size; i++)
		if (block->bytes[i] != block->value)
			return 0;
	return 1;
}

/* Puts new blocks into shared slots and frees what some thread left there. */
static void *swap(void *argument)
{
	unsigned int random = (unsigned int)(intptr_t)argument * 2654435761u + 1;
	intptr_t bad = 0;

	for (int i = 0; i < SWAP_COUNT; i++) {
		size_t size;
		struct block *block;

		random = random * 1664525u + 1013904223u;
		size = (random >> 8) % SMALL_MAX;
		block = malloc(sizeof(*block) + size);
		if (!block) {
			bad++;
			continue;
		}
		block->size = size;
		block->value = (unsigned char)random;
		memset(block->bytes, block->value, size);
		block = atomic_exchange(&slots[(random >> 20) % SLOTS], block);
		if (block) {
			bad += !intact(block);
			free(block);
		}
	}
	return (void *)bad;
}

static intptr_t run_all(void *(*function)(void *))
{
	pthread_t threads[THREADS];
	intptr_t bad = 0;
	void *result;

	for (intptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, function, (void *)i) != 0)
			check_die("pthread_create");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		bad += (intptr_t)result;
	}
	return bad;
}

int main(void)
{
	intptr_t damaged = 0;

	CHECK(run_all(grow) == 0);
	CHECK(run_all(swap) == 0);
	for (int i = 0; i < SLOTS; i++) {
		damaged += slots[i] && !intact(slots[i]);
		free(slots[i]);
	}
	CHECK(damaged == 0);
	return check_done();
}
