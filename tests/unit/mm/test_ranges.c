/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory map at the start: page by page against a model, for random and for odd maps. */
#include "../../../kernel/mm/ranges.h"

#include "../common/unit.h"

#include <lib/compiler.h>
#include <string.h>

#define PAGES 256u

enum { MODEL_NONE, MODEL_USED, MODEL_ZEROED, MODEL_TAKEN };

static struct boot_info info;
static struct ranges ranges;
static uint8_t model[PAGES];

static void check_sorted(void)
{
	for (unsigned i = 0; i < ranges.count; i++) {
		CHECK(ranges.at[i].start < ranges.at[i].end);
		CHECK(IS_ALIGNED(ranges.at[i].start | ranges.at[i].end, PAGE_SIZE));
		CHECK(i == 0 || ranges.at[i - 1].end <= ranges.at[i].start);
	}
}

static void check_model(void)
{
	uint8_t seen[PAGES] = {MODEL_NONE};

	check_sorted();
	for (unsigned i = 0; i < ranges.count; i++) {
		for (paddr_t at = ranges.at[i].start; at < ranges.at[i].end; at += PAGE_SIZE)
			seen[at >> PAGE_SHIFT] = ranges.at[i].zeroed ? MODEL_ZEROED : MODEL_USED;
	}
	for (unsigned i = 0; i < PAGES; i++)
		CHECK_EQ(seen[i], model[i] == MODEL_TAKEN ? MODEL_NONE : model[i]);
}

static void add_random(void)
{
	struct boot_mem *mem = &info.mem[info.mem_count++];
	unsigned start = (unsigned)unit_below(PAGES), size = (unsigned)unit_below(PAGES / 4);

	size = MIN(size, PAGES - start);
	*mem = (struct boot_mem){
		.start = start * PAGE_SIZE,
		.size = size * PAGE_SIZE,
		.type = unit_below(3) ? BOOT_MEM_RAM : BOOT_MEM_RESERVED,
		.flags = unit_below(2) ? BOOT_MEM_ZEROED : 0,
	};
}

/* What the map says of page I; reserved wins, and zero only where all RAM entries say so. */
static uint8_t expected_at(unsigned i)
{
	uint8_t result = MODEL_NONE;
	paddr_t at = i * PAGE_SIZE;

	for (unsigned j = 0; j < info.mem_count; j++) {
		const struct boot_mem *mem = &info.mem[j];

		if (at < mem->start || at >= mem->start + mem->size)
			continue;
		if (mem->type != BOOT_MEM_RAM)
			return MODEL_NONE;
		if (result != MODEL_USED)
			result = mem->flags & BOOT_MEM_ZEROED ? MODEL_ZEROED : MODEL_USED;
	}
	return result;
}

static void random_maps(void)
{
	for (unsigned round = 0; round < 3000; round++) {
		unsigned entries = 1 + (unsigned)unit_below(12), start, end;
		bool zeroed;
		paddr_t taken;

		info.mem_count = 0;
		for (unsigned i = 0; i < entries; i++)
			add_random();
		ranges_from_boot_info(&ranges, &info, PAGES * PAGE_SIZE);
		for (unsigned i = 0; i < PAGES; i++)
			model[i] = expected_at(i);
		check_model();
		start = (unsigned)unit_below(PAGES);
		end = start + (unsigned)unit_below(PAGES - start);
		ranges_remove(&ranges, start * PAGE_SIZE + (start < end), end * PAGE_SIZE);
		for (unsigned i = start; i < end; i++)
			model[i] = MODEL_NONE;
		check_model();
		taken = ranges_take(&ranges, 3 * PAGE_SIZE - 5, PAGES / 2 * PAGE_SIZE, &zeroed);
		if (taken == PADDR_NONE)
			continue;
		for (unsigned i = 0; i < 3; i++) {
			uint8_t *page = &model[(taken >> PAGE_SHIFT) + i];

			CHECK_EQ(*page, zeroed ? MODEL_ZEROED : MODEL_USED);
			*page = MODEL_TAKEN;
		}
		CHECK(taken + 3 * PAGE_SIZE <= PAGES / 2 * PAGE_SIZE);
		check_model();
	}
}

static void set(unsigned i, uint64_t start, uint64_t size, uint32_t type)
{
	info.mem[i] = (struct boot_mem){.start = start, .size = size, .type = type};
	info.mem_count = i + 1;
}

static void odd_maps(void)
{
	bool zeroed;

	set(0, 0, 0x9fc00, BOOT_MEM_RAM); /* a pc with 6 GiB */
	set(1, 0x9fc00, 0x400, BOOT_MEM_RESERVED);
	set(2, 0x100000, 0xbff00000, BOOT_MEM_RAM);
	set(3, 0x100000000, 0xc0000000, BOOT_MEM_RAM);
	set(4, 0xfeffc000, 0x4000, BOOT_MEM_RESERVED);
	ranges_from_boot_info(&ranges, &info, 1ull << 45);
	CHECK_EQ(ranges.count, 3);
	CHECK_EQ(ranges.at[0].end, 0x9f000);
	CHECK_EQ(ranges.at[2].end, 0x1c0000000);
	CHECK_EQ(ranges_take(&ranges, 0x100000, 1 << 30, &zeroed), 0x100000);
	CHECK_EQ(ranges_take(&ranges, 0xc0000000, 1 << 30, &zeroed), PADDR_NONE);
	set(0, UINT64_MAX - 100, 200, BOOT_MEM_RAM); /* wraps around */
	set(1, 0x1001, 0xffe, BOOT_MEM_RAM);	     /* no whole page */
	set(2, 1ull << 45, 1 << 20, BOOT_MEM_RAM);   /* too high */
	set(3, 0, 0, BOOT_MEM_RAM);
	ranges_from_boot_info(&ranges, &info, 1ull << 45);
	CHECK_EQ(ranges.count, 0);
	set(0, (1ull << 45) - 4096, 1 << 20, BOOT_MEM_RAM); /* reaches over the limit */
	set(1, UINT64_MAX - 4095, 4096, BOOT_MEM_RESERVED);
	ranges_from_boot_info(&ranges, &info, 1ull << 45);
	CHECK_EQ(ranges.count, 1);
	CHECK_EQ(ranges.at[0].end, 1ull << 45);
	set(0, 0x100000, 0x500000, BOOT_MEM_RAM);
	info.mem_count = UINT32_MAX; /* a host that lies */
	ranges_from_boot_info(&ranges, &info, 1ull << 45);
	check_sorted();
}

/* As many entries as there can be, each reserved one a hole in a RAM one. */
static void many_entries(void)
{
	memset(&info, 0, sizeof(info));
	for (unsigned i = 0; i < BOOT_MEM_MAX / 2; i++) {
		set(2 * i, 0x100000ull * i, 0x100000, BOOT_MEM_RAM);
		set(2 * i + 1, 0x100000ull * i + 0x8000, 0x1000, BOOT_MEM_RESERVED);
	}
	ranges_from_boot_info(&ranges, &info, 1ull << 45);
	check_sorted();
	CHECK_EQ(ranges.count, BOOT_MEM_MAX);
}

int main(void)
{
	random_maps();
	odd_maps();
	many_entries();
	return 0;
}
