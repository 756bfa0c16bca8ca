/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame allocator against a model that knows of each frame whether it is free, allocated or
 * pinned: random blocks, exhaustion, odd sizes and holes, the truth of "zeroed", pins.
 */
#include "host.h"

#include "../../../kernel/mm/buddy.h"

#include <lib/compiler.h>
#include <linux/errno.h>
#include <string.h>

#define FRAMES	   4099u /* no power of two */
#define BLOCKS_MAX 512u

struct block {
	paddr_t paddr;
	unsigned order;
};

static struct block blocks[BLOCKS_MAX];
static unsigned block_count;
static bool used[FRAMES + 64];
static uint64_t used_count;

static uint64_t free_frames(void)
{
	struct mm_frame_stats stats;

	mm_frame_stats(&stats);
	CHECK_EQ(stats.free, mm_frame_free_count());
	return stats.free;
}

static void mark(paddr_t paddr, unsigned order, bool value)
{
	for (uint64_t i = paddr >> PAGE_SHIFT; i < (paddr >> PAGE_SHIFT) + (1u << order); i++) {
		CHECK(i < ARRAY_SIZE(used) && used[i] != value);
		used[i] = value;
	}
	used_count += value ? 1u << order : -(uint64_t)(1u << order);
}

static bool is_zero(paddr_t paddr, unsigned order)
{
	const uint64_t *words = mm_phys_to_virt(paddr);

	for (size_t i = 0; i < (PAGE_SIZE << order) / sizeof(*words); i++) {
		if (words[i])
			return false;
	}
	return true;
}

static bool allocate(unsigned order, unsigned flags)
{
	paddr_t paddr = mm_frame_alloc(order, flags);

	if (paddr == PADDR_NONE)
		return false;
	CHECK(IS_ALIGNED(paddr, PAGE_SIZE << order));
	mark(paddr, order, true);
	if (flags & MM_ZERO)
		CHECK(is_zero(paddr, order));
	memset(mm_phys_to_virt(paddr), 0x5a, PAGE_SIZE << order);
	blocks[block_count++] = (struct block){paddr, order};
	return true;
}

/* Frees a block, now and then in pieces. */
static void release(unsigned index)
{
	struct block block = blocks[index];

	mark(block.paddr, block.order, false);
	blocks[index] = blocks[--block_count];
	if (unit_below(4)) {
		mm_frame_free(block.paddr, block.order);
		return;
	}
	for (uint64_t i = 0; i < 1u << block.order; i++)
		mm_frame_free(block.paddr + i * PAGE_SIZE, 0);
}

static void release_all(void)
{
	while (block_count)
		release((unsigned)unit_below(block_count));
}

static void random_blocks(bool zeroed)
{
	paddr_t start = 3 * PAGE_SIZE, end = FRAMES * PAGE_SIZE;
	uint64_t total = FRAMES - 3;

	host_memory(start, end, zeroed);
	if (!zeroed)
		memset(mm_phys_to_virt(5 * PAGE_SIZE), 0x77, 64); /* inside of a free block */
	CHECK_EQ(free_frames(), total);
	for (unsigned i = 0; i < 30000; i++) {
		unsigned order = (unsigned)unit_below(unit_below(8) ? 4 : 11);

		if (block_count < BLOCKS_MAX && unit_below(100) < 52)
			allocate(order, unit_below(2) ? MM_ZERO : 0);
		else if (block_count)
			release((unsigned)unit_below(block_count));
		if (i % 64 == 0)
			CHECK_EQ(free_frames(), total - used_count);
	}
	release_all();
	CHECK_EQ(free_frames(), total);
	CHECK(allocate(11, MM_ZERO)); /* all has grown together again */
	release_all();
}

static void exhaustion(void)
{
	host_memory(PAGE_SIZE, 301 * PAGE_SIZE, false);
	while (allocate(0, 0))
		;
	CHECK_EQ(block_count, 300);
	CHECK_EQ(free_frames(), 0);
	CHECK(!allocate(3, MM_ZERO) && !allocate(MM_ORDER_MAX, 0));
	release(17);
	CHECK(allocate(0, MM_ZERO));
	release_all();
	CHECK_EQ(free_frames(), 300);
	CHECK(allocate(7, 0)); /* 128..255: single frames that were kept aside are merged for it */
	release_all();
}

/* Memory that was never used is zero without clearing; what was used is never taken for that. */
static void zeroed_truth(void)
{
	paddr_t first, second;

	host_memory(0x200000, 0x600000, true);
	first = mm_frame_alloc(9, MM_FRESH);
	CHECK(first != PADDR_NONE && is_zero(first, 9));
	second = mm_frame_alloc(0, MM_FRESH);
	CHECK(second != PADDR_NONE && is_zero(second, 0));
	memset(mm_phys_to_virt(second), 1, PAGE_SIZE);
	mm_frame_free(second, 0);
	CHECK_EQ(mm_frame_alloc(9, MM_FRESH), PADDR_NONE); /* half of it is merged, but not zero */
	memset(mm_phys_to_virt(first), 1, HUGE_PAGE_SIZE);
	mm_frame_free(first, 9);
	CHECK_EQ(mm_frame_alloc(9, MM_FRESH), PADDR_NONE);
	first = mm_frame_alloc(9, MM_ZERO);
	CHECK(is_zero(first, 9));
	mm_frame_free(first, 9);

	host_memory(0x200000, 0x300000, false); /* one half was used before, the other not */
	memset(mm_phys_to_virt(0x201000), 1, PAGE_SIZE);
	buddy_add(0x300000, 0x380000, true);
	buddy_add(0x380000, 0x3ff000, true);
	CHECK_EQ(mm_frame_alloc(9, MM_FRESH), PADDR_NONE);
	buddy_add(0x3ff000, 0x400000, true);
	CHECK_EQ(mm_frame_alloc(9, MM_FRESH), PADDR_NONE);
	first = mm_frame_alloc(9, MM_ZERO);
	CHECK(first == 0x200000 && is_zero(first, 9));
}

/* Whether a large block is free is written down outside of it: the host need not supply it. */
static void untouched(void)
{
	const size_t size = 4ul << 20, end = 8ul << 20;
	static uint8_t expected[PAGE_SIZE];
	paddr_t small;

	memset(expected, 0x77, sizeof(expected));
	host_memory(0, PAGE_SIZE, false);
	memset(mm_phys_to_virt(size), 0x77, size);
	buddy_add(size, end, false);
	small = mm_frame_alloc(0, MM_FRESH);
	CHECK_EQ(small, PADDR_NONE);
	small = mm_frame_alloc(5, 0);
	CHECK_EQ(small, size);
	for (paddr_t at = size; at < end; at += PAGE_SIZE)
		CHECK(memcmp(mm_phys_to_virt(at), expected, PAGE_SIZE) == 0);
	mm_frame_free(small, 5);
	CHECK_EQ(mm_frame_alloc(10, 0), size); /* all of it, merged again */
	CHECK(memcmp(mm_phys_to_virt(size), expected, PAGE_SIZE) == 0);
	mm_frame_free(size, 10);
}

/* More than 4 GiB with the hole of a pc; only touched frames cost memory in the test as well. */
static void large_and_holes(void)
{
	static _Alignas(PAGE_SIZE) uint8_t states[(1ull << 41) >> PAGE_SHIFT];
	struct mm_frame_stats stats;
	paddr_t paddr;

	host_physmap_reset();
	buddy_init(states, sizeof(states));
	buddy_add(0x100000, 0xc0000000, true);
	buddy_add(0x100000000, 1ull << 40, true);
	mm_frame_stats(&stats);
	CHECK_EQ(stats.total, (0xc0000000 - 0x100000 + (1ull << 40) - 0x100000000) >> PAGE_SHIFT);
	CHECK_EQ(stats.free, stats.total);
	for (uint64_t i = 0; i < stats.total >> MM_ORDER_MAX; i++) {
		paddr = mm_frame_alloc(MM_ORDER_MAX, MM_ZERO);
		if (paddr == PADDR_NONE)
			break;
		CHECK(paddr + (PAGE_SIZE << MM_ORDER_MAX) <= 0xc0000000 || paddr >= 0x100000000);
		CHECK(paddr < 1ull << 40);
	}
	mm_frame_stats(&stats);
	CHECK_EQ(stats.free, (0x40000000 - 0x100000) >> PAGE_SHIFT); /* without its first MiB */
}

static void pins(void)
{
	paddr_t block, other;
	uint64_t before;

	host_memory(0x100000, 0x200000, false);
	before = free_frames();
	block = mm_frame_alloc(3, 0);
	CHECK_EQ(mm_frame_pin(block + PAGE_SIZE, 2), 0);
	CHECK_EQ(mm_frame_pin(block + PAGE_SIZE, 1), 0);
	mm_frame_free(block, 3);
	CHECK_EQ(free_frames(), before - 2);
	while ((other = mm_frame_alloc(0, 0)) != PADDR_NONE)
		CHECK(other != block + PAGE_SIZE && other != block + 2 * PAGE_SIZE);
	CHECK_EQ(free_frames(), 0);
	mm_frame_unpin(block + PAGE_SIZE, 2);
	CHECK_EQ(free_frames(), 1);
	CHECK_EQ(mm_frame_alloc(0, 0), block + 2 * PAGE_SIZE);
	mm_frame_unpin(block + PAGE_SIZE, 1);
	CHECK_EQ(mm_frame_alloc(0, 0), block + PAGE_SIZE);
	for (unsigned i = 0; i < 31; i++)
		CHECK_EQ(mm_frame_pin(block, 4), 0);
	CHECK_EQ(mm_frame_pin(block + 3 * PAGE_SIZE, 2), -EAGAIN);
	CHECK_EQ(mm_frame_pin(block + 4 * PAGE_SIZE, 1), 0); /* the refused pin left nothing */
	mm_frame_free(block + 4 * PAGE_SIZE, 0);
	CHECK_EQ(free_frames(), 0);
	mm_frame_unpin(block + 4 * PAGE_SIZE, 1);
	CHECK_EQ(free_frames(), 1);
}

int main(void)
{
	random_blocks(true);
	random_blocks(false);
	exhaustion();
	zeroed_truth();
	untouched();
	large_and_holes();
	pins();
	CHECK_EQ(host_locks_held, 0);
	return 0;
}
