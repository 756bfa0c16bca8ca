/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tree of areas. Each node also knows the bounds of its subtree and the largest gap inside, so
 * that the search for free space looks only at subtrees that have some: O(log n).
 */
#include "area.h"

#include <arch/user.h>
#include <lib/assert.h>

static struct vm_area *area_of(struct rb_node *node)
{
	return node ? rb_entry(node, struct vm_area, node) : NULL;
}

static struct vm_area *child_of(const struct vm_area *area, enum rb_side side)
{
	return area_of(area->node.child[side]);
}

/* rb_tree.update: the subtree's figures from the node and its children. */
static void update(struct rb_node *node)
{
	struct vm_area *area = area_of(node);
	const struct vm_area *left = child_of(area, RB_LEFT), *right = child_of(area, RB_RIGHT);

	area->low = area->start;
	area->high = area->end;
	area->gap = 0;
	if (left) {
		area->low = left->low;
		area->gap = MAX(left->gap, area->start - left->high);
	}
	if (right) {
		area->high = right->high;
		area->gap = MAX(area->gap, right->gap);
		area->gap = MAX(area->gap, right->low - area->end);
	}
}

void area_tree_init(struct area_tree *areas)
{
	areas->tree = (struct rb_tree){.update = update};
}

struct vm_area *area_find(const struct area_tree *areas, uintptr_t address)
{
	struct vm_area *area = area_of(areas->tree.root), *above = NULL;

	while (area) {
		if (address >= area->end) {
			area = child_of(area, RB_RIGHT);
		} else {
			above = area;
			if (address >= area->start)
				break;
			area = child_of(area, RB_LEFT);
		}
	}
	return above;
}

struct vm_area *area_first(const struct area_tree *areas)
{
	return area_of(rb_first(&areas->tree));
}

struct vm_area *area_last(const struct area_tree *areas)
{
	return area_of(rb_last(&areas->tree));
}

struct vm_area *area_next(const struct vm_area *area)
{
	return area_of(rb_next(&area->node));
}

struct vm_area *area_prev(const struct vm_area *area)
{
	return area_of(rb_prev(&area->node));
}

static bool starts_before(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, struct vm_area, node)->start <
	       container_of(b, struct vm_area, node)->start;
}

void area_insert(struct area_tree *areas, struct vm_area *area)
{
	ASSERT(area->start < area->end);
	rb_insert(&areas->tree, &area->node, starts_before);
	if (area->object) {
		area->object_node = (struct list_node){NULL, NULL};
		list_push_back(&area->object->areas, &area->object_node);
	}
}

void area_remove(struct area_tree *areas, struct vm_area *area)
{
	if (area->object)
		list_remove(&area->object_node);
	rb_erase(&areas->tree, &area->node);
}

void area_resize(struct area_tree *areas, struct vm_area *area, uintptr_t start, uintptr_t end)
{
	ASSERT(start < end);
	area->offset += start - area->start;
	area->start = start;
	area->end = end;
	rb_update(&areas->tree, &area->node);
}

bool area_mergeable(const struct vm_area *left, const struct vm_area *right)
{
	if (left->end != right->start || left->prot != right->prot || left->flags != right->flags ||
	    left->object != right->object || !mm_policy_equal(&left->policy, &right->policy))
		return false;
	return !left->object || left->offset + (left->end - left->start) == right->offset;
}

uintptr_t area_floor(const struct vm_area *area)
{
	const struct vm_area *prev = area_prev(area);

	return prev ? prev->end : 0;
}

uintptr_t area_ceiling(const struct vm_area *area)
{
	const struct vm_area *next = area_next(area);

	return next ? next->start : ARCH_USER_END + PAGE_SIZE;
}

/* The subtree at AREA has the space LOW..HIGH for itself. */
static uintptr_t gap_below(const struct vm_area *area, size_t size, uintptr_t low, uintptr_t high)
{
	uintptr_t found;

	if (low >= high || high - low < size)
		return 0;
	if (!area)
		return high - size;
	/* What lies outside of LOW..HIGH does not count. */
	if (area->gap < size && (area->low < low || area->low - low < size) &&
	    (area->high > high || high - area->high < size))
		return 0;
	found = gap_below(child_of(area, RB_RIGHT), size, MAX(low, area->end), high);
	if (found)
		return found;
	return gap_below(child_of(area, RB_LEFT), size, low, MIN(high, area->start));
}

uintptr_t area_gap_top(const struct area_tree *areas, size_t size, uintptr_t low, uintptr_t high)
{
	return gap_below(area_of(areas->tree.root), size, low, high);
}
