/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the frame allocator share. Private to this folder and its tests. */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "nodes.h"
#include "ranges.h"

#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/list.h>
#include <mm/frame.h>

#define STATE_FREE	 0x80u /* first frame of a free block of order STATE_ORDER */
#define STATE_ZEROED	 0x40u /* with FREE: the block is zero but for its links */
#define STATE_ORDER	 0x1fu
#define STATE_STACKED	 (STATE_FREE | 0x1fu) /* a single free frame in NODE.STACK */
#define STATE_HEAP	 0x40u /* without FREE: first frame of a heap block of order STATE_ORDER */
#define STATE_FREE_LATER 0x20u /* to be freed when the last pin goes */
#define STATE_PINS	 0x1fu /* number of pins */

#define STACK_SIZE	 64u
#define ORDERS		 (MM_ORDER_MAX + 1)

struct node {
	struct spinlock lock;
	struct list free[ORDERS] GUARDED_BY_MEMBER(lock);
	uint32_t available GUARDED_BY_MEMBER(lock); /* bit ORDER: free[ORDER] is not empty */
	uint32_t stacked GUARDED_BY_MEMBER(lock);
	paddr_t stack[STACK_SIZE] GUARDED_BY_MEMBER(lock);
	uint64_t pins GUARDED_BY_MEMBER(lock); /* of all frames */
	uint64_t total;			       /* fixed after the start */
	_Atomic uint64_t free_count;	       /* written under the lock, read without */
	struct mm_node_stats taken GUARDED_BY_MEMBER(lock); /* but for its first two members */
	_Atomic uint64_t foreign;
};

extern struct node buddy_nodes[MM_NODES_MAX]; /* the first node_table.count ones are in use */

static always_inline struct node *buddy_node(paddr_t paddr)
{
	return &buddy_nodes[node_of(paddr)];
}

/* The state byte of the frame at PADDR. */
uint8_t *buddy_state(paddr_t paddr);

/* Merges the block with its free buddies as far as possible and puts it into a list. */
void buddy_free_block(struct node *node, paddr_t paddr, unsigned order, bool zeroed)
	REQUIRES(node->lock);

/* STATES: a byte for each of the frame numbers 0 .. COUNT - 1, all zero, at an address for
 * pointers. Before the first buddy_add.
 */
void buddy_init(uint8_t *states, uint64_t count);

/* Gives the frames START..END (addresses) to the allocator. ZEROED: they hold nothing but zeros. */
void buddy_add(paddr_t start, paddr_t end, bool zeroed);

/* There are several nodes, as has just turned out: everything that is free moves to its own. GIVEN:
 * what buddy_add has got so far, COUNT ranges. */
void buddy_split_nodes(const struct range *given, unsigned count);

#endif /* MM_BUDDY_H */
