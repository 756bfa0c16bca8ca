/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's heap: random sizes with patterns that must survive, alignment, figures, exhaustion.
 */
#include "host.h"

#include <lib/compiler.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <string.h>

#define BLOCKS 400u

static struct {
	uint8_t *memory;
	size_t size;
	uint8_t value;
} blocks[BLOCKS];

static size_t random_size(void)
{
	switch (unit_below(10)) {
	case 0:
		return unit_below(200000);
	case 1:
	case 2:
		return unit_below(8000);
	default:
		return unit_below(300);
	}
}

static void check_block(unsigned i)
{
	for (size_t j = 0; j < blocks[i].size; j++)
		CHECK_EQ(blocks[i].memory[j], blocks[i].value);
}

static void fill(unsigned i, void *memory, size_t size)
{
	size_t alignment = size >= PAGE_SIZE ? PAGE_SIZE : size >= 64 ? 64 : 16;

	CHECK(IS_ALIGNED((uintptr_t)memory, alignment));
	CHECK(kmalloc_size(memory) >= size);
	blocks[i].memory = memory;
	blocks[i].size = size;
	blocks[i].value = (uint8_t)unit_random();
	memset(memory, blocks[i].value, size);
}

static void change(unsigned i)
{
	size_t size = random_size(), kept = MIN(size, blocks[i].size);
	uint8_t *memory;

	check_block(i);
	if (blocks[i].memory && unit_below(3)) {
		kfree(blocks[i].memory);
		blocks[i].memory = NULL;
		blocks[i].size = 0;
		return;
	}
	if (blocks[i].memory || unit_below(2)) {
		memory = krealloc(blocks[i].memory, size);
		CHECK(memory);
		for (size_t j = 0; j < kept; j++)
			CHECK_EQ(memory[j], blocks[i].value);
	} else {
		memory = kzalloc(size);
		CHECK(memory);
		for (size_t j = 0; j < size; j++)
			CHECK_EQ(memory[j], 0);
	}
	fill(i, memory, size);
}

static void random_blocks(void)
{
	struct mm_heap_stats stats;
	uint64_t bytes = 0, count = 0;

	for (unsigned round = 0; round < 60000; round++)
		change((unsigned)unit_below(BLOCKS));
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (blocks[i].memory) {
			bytes += kmalloc_size(blocks[i].memory);
			count++;
		}
	}
	mm_heap_stats(&stats);
	CHECK_EQ(stats.bytes, bytes);
	CHECK_EQ(stats.blocks, count);
	for (unsigned i = 0; i < BLOCKS; i++)
		kfree(blocks[i].memory);
	mm_heap_stats(&stats);
	CHECK_EQ(stats.blocks, 0);
	CHECK_EQ(stats.bytes, 0);
	CHECK(stats.frames <= 14); /* at most one empty slab for each size */
}

/* What was freed is used again before new frames are. */
static void reuse(void)
{
	void *some[500];
	struct mm_heap_stats before, after;

	for (unsigned i = 0; i < ARRAY_SIZE(some); i++)
		some[i] = kmalloc(48);
	mm_heap_stats(&before);
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(some); i += 2)
			kfree(some[i]);
		for (unsigned i = 0; i < ARRAY_SIZE(some); i += 2)
			some[i] = kmalloc(40);
	}
	mm_heap_stats(&after);
	CHECK_EQ(after.frames, before.frames);
	CHECK_EQ(after.blocks, before.blocks);
	for (unsigned i = 0; i < ARRAY_SIZE(some); i++)
		kfree(some[i]);
}

static void exhaustion(void)
{
	void *first = kmalloc(40), *last = first, *next;
	unsigned count = 1;

	while ((next = kmalloc(1000)) != NULL) {
		*(void **)next = last;
		last = next;
		count++;
	}
	CHECK(count > 100);
	CHECK(!kmalloc(100000) && !kzalloc(1300) && !krealloc(first, 5000));
	CHECK(!kcalloc(SIZE_MAX / 2, 3) && !kmalloc(SIZE_MAX) && !kmalloc(SIZE_MAX / 2));
	while (last != first) {
		next = *(void **)last;
		kfree(last);
		last = next;
	}
	kfree(first);
	kfree(NULL);
	first = kcalloc(100, 30);
	CHECK(first && kmalloc_size(first) >= 3000);
	kfree(first);
}

int main(void)
{
	struct mm_heap_stats stats;

	host_memory(0x100000, 0x8000000, false);
	random_blocks();
	reuse();
	exhaustion();
	mm_heap_stats(&stats);
	CHECK_EQ(stats.blocks, 0);
	CHECK_EQ(host_locks_held, 0);
	return 0;
}
