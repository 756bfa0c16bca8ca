/* SPDX-License-Identifier: BSD-3-Clause */
/* Areas of the application's address space and the tree that holds them: no page tables, no
 * accounting. Private to this folder and its tests. The caller locks (space_lock). */
#ifndef MM_AREA_H
#define MM_AREA_H

#include <lib/list.h>
#include <lib/rbtree.h>
#include <mm/vm.h>

struct vm_area {
	struct rb_node node;
	uintptr_t start, end;
	unsigned prot, flags;
	struct vm_object *object; /* a reference is held; NULL: anonymous */
	uint64_t offset;	  /* of START in the object */
	struct mm_policy policy;
	union {
		struct list_node object_node; /* in object->areas */
		struct vm_area *next_removed; /* when it has left the tree */
	};
	/* Of the subtree below this node: its bounds and the largest gap between two of its areas.
	 */
	uintptr_t low, high;
	size_t gap;
};

/* Sorted by address, disjoint. */
struct area_tree {
	struct rb_tree tree;
};

void area_tree_init(struct area_tree *areas);

/* The area that ADDRESS lies in, or else the first one above it; NULL. */
struct vm_area *area_find(const struct area_tree *areas, uintptr_t address);
struct vm_area *area_first(const struct area_tree *areas);
struct vm_area *area_last(const struct area_tree *areas);
struct vm_area *area_next(const struct vm_area *area);
struct vm_area *area_prev(const struct vm_area *area);

/* Nothing lies in the area's range. */
void area_insert(struct area_tree *areas, struct vm_area *area);
void area_remove(struct area_tree *areas, struct vm_area *area);

/* Changes the bounds, the offset with them; the place in the order stays. */
void area_resize(struct area_tree *areas, struct vm_area *area, uintptr_t start, uintptr_t end);

/* Can RIGHT, which begins where LEFT ends, be one area with it? */
bool area_mergeable(const struct vm_area *left, const struct vm_area *right);

/* The highest start of a gap of SIZE bytes in LOW..HIGH, or 0. */
uintptr_t area_gap_top(const struct area_tree *areas, size_t size, uintptr_t low, uintptr_t high);

/* The bounds of the free space around START..END, which is free but for its own areas. */
uintptr_t area_floor(const struct vm_area *area);
uintptr_t area_ceiling(const struct vm_area *area);

#endif /* MM_AREA_H */
