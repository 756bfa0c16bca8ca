/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory map at the start. A short sorted array; whatever a host names is made to fit. */
#include "ranges.h"

#include <lib/checked.h>
#include <lib/compiler.h>

static void delete_at(struct ranges *ranges, unsigned index)
{
	ranges->count--;
	for (unsigned i = index; i < ranges->count; i++)
		ranges->at[i] = ranges->at[i + 1];
}

/* A range that finds no room is left out: less memory, but nothing wrong. */
static void insert_at(struct ranges *ranges, unsigned index, struct range range)
{
	if (ranges->count == RANGES_MAX)
		return;
	for (unsigned i = ranges->count++; i > index; i--)
		ranges->at[i] = ranges->at[i - 1];
	ranges->at[index] = range;
}

/* Moves *START up and *END down to page boundaries and clips them to LIMIT. */
static bool clip_inwards(paddr_t *start, paddr_t *end, paddr_t limit)
{
	if (*start > limit)
		return false;
	*start = ALIGN_UP(*start, PAGE_SIZE);
	*end = ALIGN_DOWN(MIN(*end, limit), PAGE_SIZE);
	return *start < *end;
}

void ranges_remove(struct ranges *ranges, paddr_t start, paddr_t end)
{
	if (start >= end)
		return;
	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = end > PADDR_NONE - PAGE_SIZE ? PADDR_NONE : ALIGN_UP(end, PAGE_SIZE);
	for (unsigned i = 0; i < ranges->count;) {
		struct range *range = &ranges->at[i], rest = *range;

		if (range->end <= start || range->start >= end) {
			i++;
		} else if (range->start < start && range->end > end) {
			range->end = start;
			rest.start = end;
			insert_at(ranges, i + 1, rest);
			return;
		} else if (range->start < start) {
			range->end = start;
			i++;
		} else if (range->end > end) {
			range->start = end;
			i++;
		} else {
			delete_at(ranges, i);
		}
	}
}

static void add(struct ranges *ranges, struct range range)
{
	unsigned i = 0;

	while (i < ranges->count && ranges->at[i].start < range.start)
		i++;
	insert_at(ranges, i, range);
}

/* The part of LEFT and RIGHT that both have loses what was said of one of them only. */
static void add_ram(struct ranges *ranges, struct range range)
{
	for (unsigned i = 0; i < ranges->count; i++) {
		struct range other = ranges->at[i], common = {
							    .start = MAX(other.start, range.start),
							    .end = MIN(other.end, range.end),
							    .zeroed = other.zeroed && range.zeroed,
						    };

		if (common.start >= common.end)
			continue;
		/* Three pieces: before and behind come back here, the common one is in its place.
		 */
		ranges_remove(ranges, common.start, common.end);
		add(ranges, common);
		if (range.start < common.start)
			add_ram(ranges, (struct range){range.start, common.start, range.zeroed});
		if (range.end > common.end)
			add_ram(ranges, (struct range){common.end, range.end, range.zeroed});
		return;
	}
	add(ranges, range);
}

void ranges_from_boot_info(struct ranges *ranges, const struct boot_info *info, paddr_t limit)
{
	unsigned count = MIN(info->mem_count, BOOT_MEM_MAX);
	paddr_t start, end;

	ranges->count = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct boot_mem *mem = &info->mem[i];

		start = mem->start;
		if (mem->type != BOOT_MEM_RAM || add_overflows(start, mem->size, &end) ||
		    !clip_inwards(&start, &end, limit))
			continue;
		add_ram(ranges, (struct range){start, end, mem->flags & BOOT_MEM_ZEROED});
	}
	for (unsigned i = 0; i < count; i++) {
		const struct boot_mem *mem = &info->mem[i];

		if (mem->type == BOOT_MEM_RAM)
			continue;
		if (add_overflows(mem->start, mem->size, &end))
			end = PADDR_NONE;
		ranges_remove(ranges, mem->start, end);
	}
}

paddr_t ranges_take(struct ranges *ranges, size_t size, paddr_t limit, bool *zeroed)
{
	size = ALIGN_UP(size, PAGE_SIZE);
	for (unsigned i = 0; i < ranges->count; i++) {
		struct range *range = &ranges->at[i];
		paddr_t start = range->start;

		if (range->end - start < size || start + size > limit)
			continue;
		*zeroed = range->zeroed;
		range->start += size;
		if (range->start == range->end)
			delete_at(ranges, i);
		return start;
	}
	return PADDR_NONE;
}
