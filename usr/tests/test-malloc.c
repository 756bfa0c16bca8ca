/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test-malloc: proves that memory may be asked for far beyond what is used (blocks up to 1.6 GB,
 * backed on first touch), that small blocks keep their contents, and that what was freed can be had
 * again.
 */
#include "common/check.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP   (16ul << 10)
#define ROUNDS 100000ul
#define BLOCKS 4096ul

static void growing_blocks(void)
{
	unsigned long got = 0, touched = 0;

	for (unsigned long i = 1; i <= ROUNDS; i++) {
		char *block = malloc(STEP * i);

		if (!block)
			continue;
		got++;
		block[0] = 1;
		block[STEP * i - 1] = 2;
		touched += block[0] + block[STEP * i - 1] == 3;
		free(block);
	}
	CHECK(got == ROUNDS);
	CHECK(touched == ROUNDS);
}

static size_t block_size(unsigned long i)
{
	return 1 + (i * 2654435761u >> 7) % 3000;
}

static int holds(const unsigned char *block, size_t size, unsigned char value)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != value)
			return 0;
	return 1;
}

static void many_small_blocks(void)
{
	unsigned char **blocks = calloc(BLOCKS, sizeof(*blocks));
	unsigned long bad = 0;

	if (!blocks)
		check_die("calloc");
	for (unsigned long round = 0; round < 4; round++) {
		for (unsigned long i = round & 1; i < BLOCKS; i += 1 + (round & 1)) {
			free(blocks[i]);
			blocks[i] = malloc(block_size(i + round));
			if (!blocks[i])
				check_die("malloc");
			memset(blocks[i], (int)(i & 0xff), block_size(i + round));
		}
	}
	for (unsigned long i = 0; i < BLOCKS; i++) {
		unsigned long round = i & 1 ? 3 : 2;

		bad += !holds(blocks[i], block_size(i + round), (unsigned char)i);
		free(blocks[i]);
	}
	free(blocks);
	CHECK(bad == 0);
}

static void reallocate(void)
{
	size_t size = 1000;
	unsigned char *block = malloc(size);
	unsigned long bad = 0;

	if (!block)
		check_die("malloc");
	memset(block, 0xa5, size);
	while (size < (64ul << 20)) { /* beyond the threshold at which glibc turns to mremap */
		block = realloc(block, size * 2);
		if (!block)
			check_die("realloc");
		bad += !holds(block + size - 1000, 1000, 0xa5);
		size *= 2;
		memset(block + size - 1000, 0xa5, 1000);
	}
	bad += !holds(block, 1000, 0xa5);
	CHECK(bad == 0);
	free(block);
}

static void aligned_and_cleared(void)
{
	unsigned long bad = 0;

	for (size_t align = 16; align <= (4ul << 20); align *= 2) {
		void *block = aligned_alloc(align, align);

		bad += !block || ((uintptr_t)block & (align - 1)) != 0;
		free(block);
	}
	CHECK(bad == 0);
	for (size_t size = 1; size <= (16ul << 20); size *= 4) {
		unsigned char *block = calloc(1, size);

		bad += !block || !holds(block, size, 0);
		free(block);
	}
	CHECK(bad == 0);
	CHECK(malloc(SIZE_MAX / 2 - 4096) == NULL);
}

int main(void)
{
	growing_blocks();
	many_small_blocks();
	reallocate();
	aligned_and_cleared();
	malloc_trim(0);
	return check_done();
}
