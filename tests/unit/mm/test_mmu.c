/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables of x86-64 in a physmap of the test's own: random maps, splits, moves and unmaps
 * against a page-granular model; no table is lost.
 */
#include "host.h"

#include "../../../kernel/arch/x86_64/mmu.h"

#include <lib/compiler.h>
#include <linux/errno.h>
#include <mm/frame.h>
#include <string.h>

#define PAGES (4 * 512u)
#define BASE  0x7fffc0000000ul /* two tables of tables meet in the middle */

static struct {
	paddr_t frame; /* 0: not mapped */
	unsigned attributes;
	bool dirty;
} model[PAGES];

static uint64_t tables_used;
static bool tables_fail;

paddr_t mmu_table_alloc(void)
{
	paddr_t table = tables_fail ? PADDR_NONE : mm_frame_alloc(0, MM_ZERO);

	if (table != PADDR_NONE)
		tables_used++;
	return table;
}

void mmu_table_free(paddr_t table)
{
	const uint64_t *entries = mm_phys_to_virt(table);

	for (unsigned i = 0; i < MMU_ENTRIES; i++)
		CHECK_EQ(entries[i], 0);
	tables_used--;
	mm_frame_free(table, 0);
}

static uintptr_t address_of(unsigned page)
{
	return BASE + page * PAGE_SIZE;
}

static paddr_t random_frame(void)
{
	return (1 + unit_below(1 << 20)) * HUGE_PAGE_SIZE;
}

#define RIGHTS (MMU_READ | MMU_WRITE | MMU_EXEC)

static unsigned random_rights(void)
{
	return (unsigned)unit_below(RIGHTS + 1);
}

/* Reads give what is written and executed as well. */
static unsigned seen_rights(unsigned rights)
{
	return rights ? rights | MMU_READ : 0;
}

static void check_all(void)
{
	struct mmu_page page;

	for (unsigned i = 0; i < PAGES; i++) {
		bool there = arch_mmu_query(address_of(i), &page);

		CHECK_EQ(there, model[i].frame != 0);
		if (!there)
			continue;
		CHECK_EQ(page.frame + (address_of(i) - page.address), model[i].frame);
		CHECK_EQ(page.attributes, seen_rights(model[i].attributes));
		CHECK_EQ(page.dirty, model[i].dirty);
	}
}

static bool is_free(unsigned start, unsigned count)
{
	for (unsigned i = start; i < start + count; i++) {
		if (model[i].frame)
			return false;
	}
	return true;
}

static void set_model(unsigned start, unsigned count, paddr_t frame, unsigned attributes)
{
	for (unsigned i = 0; i < count; i++) {
		model[start + i].frame = frame ? frame + i * PAGE_SIZE : 0;
		model[start + i].attributes = attributes & 7;
		/* A page without rights has no dirty bit to set at the start. */
		model[start + i].dirty = attributes & MMU_DIRTY && attributes & 7;
	}
}

static void map_random(void)
{
	bool huge = unit_below(4) == 0;
	unsigned page = (unsigned)unit_below(PAGES), count = huge ? 512 : 1;
	unsigned attributes = random_rights() | MMU_APP | (unit_below(2) ? MMU_DIRTY : 0);
	paddr_t frame = random_frame();
	int result;

	page = ALIGN_DOWN(page, count);
	if (!is_free(page, count))
		return;
	result = arch_mmu_map(address_of(page), frame, huge ? HUGE_PAGE_SHIFT : PAGE_SHIFT,
			      attributes);
	if (result == 0)
		set_model(page, count, frame, attributes);
	else
		CHECK(huge && result == -EEXIST);
}

static void map_range_random(void)
{
	unsigned page = (unsigned)unit_below(PAGES), count = 0;
	paddr_t frame = random_frame() + (page % 512) * PAGE_SIZE;

	while (page + count < PAGES && count < 700 && !model[page + count].frame)
		count++;
	if (!count)
		return;
	CHECK_EQ(arch_mmu_map_range(address_of(page), frame, count * PAGE_SIZE, PAGE_SHIFT,
				    MMU_READ | MMU_APP),
		 0);
	set_model(page, count, frame, MMU_READ);
}

static void random_range(unsigned *start, unsigned *end)
{
	*start = (unsigned)unit_below(PAGES);
	*end = *start + 1 + (unsigned)unit_below(MIN(PAGES - *start, unit_below(2) ? 4u : PAGES));
	CHECK_EQ(arch_mmu_split(address_of(*start)), 0);
	CHECK_EQ(arch_mmu_split(address_of(*end)), 0);
}

static void unmap(unsigned start, unsigned end)
{
	struct mmu_unmap batch;
	unsigned floor = start, ceiling = end, seen = start;
	bool more;

	while (floor > 0 && !model[floor - 1].frame)
		floor--;
	while (ceiling < PAGES && !model[ceiling].frame)
		ceiling++;
	batch.at = address_of(start);
	batch.end = address_of(end);
	batch.floor = floor ? address_of(floor) : 0;
	batch.ceiling = ceiling < PAGES ? address_of(ceiling) : 1ul << 47;
	do {
		more = arch_mmu_unmap(&batch);
		CHECK(batch.count <= MMU_UNMAP_BATCH);
		for (unsigned i = 0; i < batch.count; i++) {
			const struct mmu_page *page = &batch.pages[i];

			if (page->table) {
				mmu_table_free(page->frame);
				continue;
			}
			while (address_of(seen) < page->address)
				CHECK_EQ(model[seen++].frame, 0);
			CHECK_EQ(page->address, address_of(seen));
			CHECK_EQ(page->frame, model[seen].frame);
			CHECK_EQ(page->dirty, model[seen].dirty);
			seen += 1u << (page->shift - PAGE_SHIFT);
		}
	} while (more);
	for (; seen < end; seen++)
		CHECK_EQ(model[seen].frame, 0);
	set_model(start, end - start, 0, 0);
}

static void unmap_random(void)
{
	unsigned start, end;

	random_range(&start, &end);
	unmap(start, end);
}

static void protect_random(void)
{
	unsigned start, end, rights = random_rights();
	bool lost = false;

	random_range(&start, &end);
	for (unsigned i = start; i < end; i++)
		lost |= model[i].frame &&
			seen_rights(model[i].attributes & RIGHTS) & ~seen_rights(rights);
	CHECK_EQ(arch_mmu_protect(address_of(start), address_of(end), rights), lost);
	for (unsigned i = start; i < end; i++)
		model[i].attributes = rights;
}

static void move_random(void)
{
	unsigned start, end, to, count;
	int result;

	random_range(&start, &end);
	count = end - start;
	to = (unsigned)unit_below(PAGES - count + 1);
	if (unit_below(2)) /* the same place in a large page: tables move as a whole */
		to = ALIGN_DOWN(to, 512u) + start % 512;
	if (to + count > PAGES || (to < end && start < to + count) || !is_free(to, count))
		return;
	tables_fail = unit_below(4) == 0;
	result = arch_mmu_move(address_of(start), address_of(to), count * PAGE_SIZE);
	tables_fail = false;
	if (result == -ENOMEM)
		return;
	CHECK_EQ(result, 0);
	for (unsigned i = 0; i < count; i++)
		model[to + i] = model[start + i];
	set_model(start, count, 0, 0);
}

static void scan_random(void)
{
	unsigned start = (unsigned)unit_below(PAGES), capacity = 1 + (unsigned)unit_below(8);
	unsigned at_page = start, clear = unit_below(2) ? MMU_SCAN_DIRTY : 0, count;
	struct mmu_page pages[8];
	uintptr_t at = address_of(start);

	do {
		count = arch_mmu_scan(&at, address_of(PAGES), clear, pages, capacity);
		for (unsigned i = 0; i < count; i++) {
			unsigned size = 1u << (pages[i].shift - PAGE_SHIFT), first;

			while (address_of(at_page) < pages[i].address)
				CHECK_EQ(model[at_page++].frame, 0);
			first = (unsigned)((pages[i].address - BASE) >> PAGE_SHIFT);
			CHECK_EQ(pages[i].dirty, model[at_page].dirty);
			for (unsigned j = first; j < first + size; j++)
				model[j].dirty &= !clear;
			at_page = first + size;
		}
	} while (at < address_of(PAGES));
	for (; at_page < PAGES; at_page++)
		CHECK_EQ(model[at_page].frame, 0);
}

static void out_of_tables(void)
{
	uint64_t before = tables_used;

	tables_fail = true;
	CHECK_EQ(arch_mmu_map(BASE, HUGE_PAGE_SIZE, PAGE_SHIFT, MMU_READ), -ENOMEM);
	CHECK_EQ(arch_mmu_map_range(BASE, 0, 8 * PAGE_SIZE, PAGE_SHIFT, MMU_READ), -ENOMEM);
	tables_fail = false;
	CHECK_EQ(arch_mmu_map(BASE, HUGE_PAGE_SIZE, HUGE_PAGE_SHIFT, MMU_READ), 0);
	set_model(0, 512, HUGE_PAGE_SIZE, MMU_READ);
	tables_fail = true;
	CHECK_EQ(arch_mmu_split(BASE + PAGE_SIZE), -ENOMEM);
	tables_fail = false;
	check_all();
	unmap(0, PAGES);
	CHECK_EQ(tables_used, before);
}

int main(void)
{
	host_memory(0x100000, 0x2000000, true);
	mmu_set_root(mm_frame_alloc(0, MM_ZERO));
	out_of_tables();
	for (unsigned round = 0; round < 30000; round++) {
		static void (*const steps[])(void) = {
			map_random,	map_random,  map_range_random, unmap_random,
			protect_random, move_random, scan_random};

		steps[unit_below(ARRAY_SIZE(steps))]();
		if (round % 16 == 0)
			check_all();
	}
	unmap(0, PAGES);
	check_all();
	CHECK_EQ(tables_used, 0);
	return 0;
}
