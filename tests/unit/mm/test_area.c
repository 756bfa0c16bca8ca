/* SPDX-License-Identifier: BSD-3-Clause */
/* The tree of areas: lookups and the search for free space against a page-granular model. */
#include "../../../kernel/mm/area.h"

#include "../common/unit.h"

#include <lib/compiler.h>

#define PAGES 200u

static struct area_tree areas;
static struct vm_area *owner[PAGES]; /* model: the area of each page */

static uintptr_t address_of(unsigned page)
{
	return (page + 16) * PAGE_SIZE;
}

static unsigned page_of(uintptr_t address)
{
	return (unsigned)(address / PAGE_SIZE) - 16;
}

static void set_owner(unsigned start, unsigned end, struct vm_area *area)
{
	for (unsigned i = start; i < end; i++)
		owner[i] = area;
}

static void add_random(void)
{
	unsigned start = (unsigned)unit_below(PAGES), end = start;
	unsigned limit = start + 1 + (unsigned)unit_below(12);
	struct vm_area *area;

	while (end < PAGES && end < limit && !owner[end])
		end++;
	if (end == start)
		return;
	area = calloc(1, sizeof(*area));
	area->start = address_of(start);
	area->end = address_of(end);
	area_insert(&areas, area);
	set_owner(start, end, area);
}

static void change_random(void)
{
	unsigned page = (unsigned)unit_below(PAGES), start, end, cut;
	struct vm_area *area = owner[page];

	if (!area)
		return;
	start = page_of(area->start);
	end = page_of(area->end);
	set_owner(start, end, NULL);
	if (end - start == 1 || unit_below(2)) {
		area_remove(&areas, area);
		free(area);
		return;
	}
	cut = start + 1 + (unsigned)unit_below(end - start - 1);
	if (unit_below(2))
		start = cut;
	else
		end = cut;
	area_resize(&areas, area, address_of(start), address_of(end));
	set_owner(start, end, area);
}

static void check_find(void)
{
	unsigned page = (unsigned)unit_below(PAGES), next = page;
	struct vm_area *found = area_find(&areas, address_of(page) + unit_below(PAGE_SIZE));

	while (next < PAGES && !owner[next])
		next++;
	CHECK(found == (next < PAGES ? owner[next] : NULL));
	if (found) {
		unsigned before = page_of(found->start);

		while (before > 0 && !owner[before - 1])
			before--;
		CHECK_EQ(area_floor(found), before ? address_of(before) : 0);
	}
}

static void check_gap(void)
{
	unsigned low = (unsigned)unit_below(PAGES), high = low + (unsigned)unit_below(PAGES - low);
	unsigned size = 1 + (unsigned)unit_below(20), run = 0;
	uintptr_t expected = 0;

	for (unsigned i = high; i-- > low;) {
		run = owner[i] ? 0 : run + 1;
		if (run == size) {
			expected = address_of(i);
			break;
		}
	}
	CHECK_EQ(area_gap_top(&areas, size * PAGE_SIZE, address_of(low), address_of(high)),
		 expected);
}

static void check_merge(void)
{
	struct vm_object *object = (struct vm_object *)&areas;
	struct vm_area left = {.start = 0x1000, .end = 0x3000, .prot = 3};
	struct vm_area right = {.start = 0x3000, .end = 0x4000, .prot = 3};

	CHECK(area_mergeable(&left, &right) && !area_mergeable(&right, &left));
	right.prot = 1;
	CHECK(!area_mergeable(&left, &right));
	right.prot = 3;
	right.flags = VM_STACK;
	CHECK(!area_mergeable(&left, &right));
	left.flags = VM_STACK;
	left.object = object;
	CHECK(!area_mergeable(&left, &right));
	right.object = object;
	left.offset = 0x10000;
	right.offset = 0x12000;
	CHECK(area_mergeable(&left, &right));
	right.offset = 0x13000;
	CHECK(!area_mergeable(&left, &right));
}

int main(void)
{
	area_tree_init(&areas);
	CHECK(!area_first(&areas) && !area_last(&areas) && !area_find(&areas, 0));
	for (unsigned round = 0; round < 200000; round++) {
		if (unit_below(2))
			add_random();
		else
			change_random();
		check_find();
		check_gap();
	}
	check_merge();
	while (area_first(&areas)) {
		struct vm_area *area = area_first(&areas);

		area_remove(&areas, area);
		free(area);
	}
	return 0;
}
