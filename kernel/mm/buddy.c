/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The buddy allocator (Knuth, TAOCP vol. 1, 2.5, algorithm R and S).
 *
 * One state byte per frame, at STATE_*. Zero means "nothing known": allocated, never RAM, or inside
 * a block. Only the first frame of a free block has a mark, so memory that is never used costs
 * nothing, neither at the start nor later. The links of the free lists are in the free frames, or,
 * for larger blocks, among the state bytes of the frames inside the block, which nobody else uses
 * until it is split: the host need not supply memory (2 MiB at a time, cleared) for a block only
 * because it is free.
 *
 * A free block may be known to be all zero but for those links (memory that has not been used since
 * the host supplied it). That survives splitting and merging: links are cleared when they go. In
 * its list such a block stands behind those that were used before, which are preferred: their
 * memory is in the caches, and the host has backed it. Only whole large pages prefer zeroed blocks,
 * because clearing them costs more.
 *
 * Single frames come and go through a small stack, which saves merging and splitting them.
 *
 * Locks: NODE_LOCK guards all of it. Memory is cleared after the lock is released.
 */
#include "buddy.h"

#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/list.h>
#include <lib/string.h>
#include <linux/errno.h>

#define STATE_FREE	 0x80u /* first frame of a free block of order STATE_ORDER */
#define STATE_ZEROED	 0x40u /* with FREE: the block is zero but for its links */
#define STATE_ORDER	 0x1fu
#define STATE_STACKED	 (STATE_FREE | 0x1fu) /* a single free frame in NODE.STACK */
#define STATE_HEAP	 0x40u /* without FREE: first frame of a heap block of order STATE_ORDER */
#define STATE_FREE_LATER 0x20u /* to be freed when the last pin goes */
#define STATE_PINS	 0x1fu /* number of pins */

/* Blocks from this order on have their links in the state bytes 16..31 of their frames. */
#define LINKS_IN_STATES 5u
#define LINKS_AT	16u
_Static_assert(LINKS_AT + sizeof(struct list_node) <= 1u << LINKS_IN_STATES, "inside the block");

#define STACK_SIZE 64u
#define ORDERS	   (MM_ORDER_MAX + 1)

static struct spinlock node_lock = SPINLOCK_INIT;

static struct {
	struct list free[ORDERS];
	uint32_t available; /* bit ORDER: free[ORDER] is not empty */
	uint32_t stacked;
	paddr_t stack[STACK_SIZE];
	uint64_t pins; /* of all frames */
	uint64_t total;
} node GUARDED_BY(node_lock);

static _Atomic uint64_t free_count; /* written under the lock, read without */
static uint8_t *frame_states;	    /* per frame number; the bytes are guarded by the lock */
static uint64_t frame_count;

void buddy_init(uint8_t *states, uint64_t count)
{
	arch_irq_state_t irq = spin_lock(&node_lock);

	ASSERT(IS_ALIGNED((uintptr_t)states, sizeof(void *))); /* it holds links, too */
	for (unsigned order = 0; order < ORDERS; order++)
		list_init(&node.free[order]);
	node.available = 0;
	node.stacked = 0;
	node.pins = 0;
	node.total = 0;
	atomic_store_explicit(&free_count, 0, memory_order_relaxed);
	frame_states = states;
	frame_count = count;
	spin_unlock(&node_lock, irq);
}

static uint8_t *state_of(paddr_t paddr)
{
	ASSERT(paddr >> PAGE_SHIFT < frame_count);
	return &frame_states[paddr >> PAGE_SHIFT];
}

static void count_free(int64_t frames) REQUIRES(node_lock)
{
	uint64_t now = atomic_load_explicit(&free_count, memory_order_relaxed);

	atomic_store_explicit(&free_count, now + (uint64_t)frames, memory_order_relaxed);
}

/* The links of the free block at PADDR. */
static struct list_node *links_of(paddr_t paddr, unsigned order)
{
	return order < LINKS_IN_STATES ? mm_phys_to_virt(paddr)
				       : (void *)(state_of(paddr) + LINKS_AT);
}

/* The free block of ORDER that has these LINKS. */
static paddr_t block_of(const struct list_node *links, unsigned order)
{
	if (order < LINKS_IN_STATES)
		return mm_virt_to_phys(links);
	return (paddr_t)((const uint8_t *)links - LINKS_AT - frame_states) << PAGE_SHIFT;
}

static void list_block(paddr_t paddr, unsigned order, bool zeroed) REQUIRES(node_lock)
{
	struct list_node *links = links_of(paddr, order);

	*links = (struct list_node){NULL, NULL};
	if (zeroed)
		list_push_back(&node.free[order], links);
	else
		list_push_front(&node.free[order], links);
	node.available |= 1u << order;
	*state_of(paddr) = (uint8_t)(STATE_FREE | (zeroed ? STATE_ZEROED : 0) | order);
}

/* Takes the free block at PADDR out of its list (its links are zero then); was it zeroed? */
static bool unlist_block(paddr_t paddr, unsigned order) REQUIRES(node_lock)
{
	uint8_t *state = state_of(paddr);
	bool zeroed = *state & STATE_ZEROED;

	list_remove(links_of(paddr, order));
	if (list_empty(&node.free[order]))
		node.available &= ~(1u << order);
	*state = 0;
	return zeroed;
}

/* Merges with free buddies as far as possible. */
static void free_block(paddr_t paddr, unsigned order, bool zeroed) REQUIRES(node_lock)
{
	ASSERT(IS_ALIGNED(paddr, PAGE_SIZE << order));
	ASSERT(*state_of(paddr) == 0);
	count_free(1ll << order);
	for (; order < MM_ORDER_MAX; order++) {
		paddr_t buddy = paddr ^ (PAGE_SIZE << order);

		if (buddy >> PAGE_SHIFT >= frame_count ||
		    (*state_of(buddy) & (STATE_FREE | STATE_ORDER)) != (STATE_FREE | order))
			break;
		zeroed &= unlist_block(buddy, order);
		paddr = MIN(paddr, buddy);
	}
	list_block(paddr, order, zeroed);
}

void buddy_add(paddr_t start, paddr_t end, bool zeroed)
{
	arch_irq_state_t irq = spin_lock(&node_lock);

	while (start < end) {
		unsigned order = MM_ORDER_MAX;

		while (!IS_ALIGNED(start, PAGE_SIZE << order) || end - start < PAGE_SIZE << order)
			order--;
		free_block(start, order, zeroed);
		node.total += 1ull << order;
		start += PAGE_SIZE << order;
	}
	spin_unlock(&node_lock, irq);
}

static void unstack(unsigned keep) REQUIRES(node_lock)
{
	while (node.stacked > keep) {
		paddr_t paddr = node.stack[--node.stacked];

		*state_of(paddr) = 0;
		count_free(-1);
		free_block(paddr, 0, false);
	}
}

static paddr_t first_block(unsigned order) REQUIRES(node_lock)
{
	return block_of(node.free[order].head.next, order);
}

static paddr_t last_block(unsigned order) REQUIRES(node_lock)
{
	return block_of(node.free[order].head.prev, order);
}

/* The first order that has a fitting block, or ORDERS. */
static unsigned find_order(unsigned order, bool fresh) REQUIRES(node_lock)
{
	uint32_t fitting = node.available & ~0u << order;

	if (!fitting && node.stacked) {
		unstack(0);
		fitting = node.available & ~0u << order;
	}
	for (; fitting; fitting &= fitting - 1) {
		order = (unsigned)__builtin_ctz(fitting);
		if (!fresh || *state_of(last_block(order)) & STATE_ZEROED)
			return order;
	}
	return ORDERS;
}

/* Takes a block of ORDER; *ZEROED: is it all zero? */
static paddr_t take_block(unsigned order, unsigned flags, bool *zeroed) REQUIRES(node_lock)
{
	unsigned from = find_order(order, flags & MM_FRESH);
	bool from_end = flags & MM_FRESH || (flags & MM_ZERO && order >= MM_ORDER_HUGE);
	paddr_t paddr;

	if (from == ORDERS)
		return PADDR_NONE;
	paddr = from_end ? last_block(from) : first_block(from);
	*zeroed = unlist_block(paddr, from);
	while (from > order) {
		from--;
		list_block(paddr + (PAGE_SIZE << from), from, *zeroed);
	}
	count_free(-(1ll << order));
	return paddr;
}

paddr_t mm_frame_alloc(unsigned order, unsigned flags)
{
	arch_irq_state_t irq = spin_lock(&node_lock);
	bool zeroed = false;
	paddr_t paddr;

	ASSERT(order <= MM_ORDER_MAX);
	if (order == 0 && node.stacked && !(flags & MM_FRESH)) {
		paddr = node.stack[--node.stacked];
		*state_of(paddr) = 0;
		count_free(-1);
	} else {
		paddr = take_block(order, flags, &zeroed);
	}
	spin_unlock(&node_lock, irq);
	if (flags & MM_ZERO && !zeroed && paddr != PADDR_NONE)
		memset(mm_phys_to_virt(paddr), 0, PAGE_SIZE << order);
	return paddr;
}

/* A block of which frames may be pinned: those are freed later, the rest now. */
static void free_pinned(paddr_t paddr, unsigned order) REQUIRES(node_lock)
{
	for (uint64_t i = 0; i < 1ull << order; i++) {
		uint8_t *state = state_of(paddr + i * PAGE_SIZE);

		if (*state & STATE_PINS) {
			ASSERT(!(*state & (STATE_FREE | STATE_FREE_LATER)));
			*state |= STATE_FREE_LATER;
		} else {
			free_block(paddr + i * PAGE_SIZE, 0, false);
		}
	}
}

void mm_frame_free(paddr_t paddr, unsigned order)
{
	arch_irq_state_t irq = spin_lock(&node_lock);

	if (unlikely(node.pins)) {
		free_pinned(paddr, order);
	} else if (order == 0) {
		ASSERT(*state_of(paddr) == 0);
		if (node.stacked == STACK_SIZE)
			unstack(STACK_SIZE / 2);
		node.stack[node.stacked++] = paddr;
		*state_of(paddr) = STATE_STACKED;
		count_free(1);
	} else {
		free_block(paddr, order, false);
	}
	spin_unlock(&node_lock, irq);
}

int mm_frame_pin(paddr_t paddr, size_t count)
{
	arch_irq_state_t irq = spin_lock(&node_lock);
	uint8_t *states = state_of(paddr);
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		ASSERT(!(states[i] & (STATE_FREE | STATE_HEAP | STATE_FREE_LATER)));
		if (states[i] == STATE_PINS)
			error = -EAGAIN;
	}
	for (size_t i = 0; i < count && !error; i++)
		states[i]++;
	if (!error)
		node.pins += count;
	spin_unlock(&node_lock, irq);
	return error;
}

void mm_frame_unpin(paddr_t paddr, size_t count)
{
	arch_irq_state_t irq = spin_lock(&node_lock);
	uint8_t *states = state_of(paddr);

	for (size_t i = 0; i < count; i++) {
		ASSERT(states[i] & STATE_PINS);
		states[i]--;
		if (states[i] == STATE_FREE_LATER) {
			states[i] = 0;
			free_block(paddr + i * PAGE_SIZE, 0, false);
		}
	}
	node.pins -= count;
	spin_unlock(&node_lock, irq);
}

void mm_frame_set_heap_order(paddr_t paddr, int order)
{
	arch_irq_state_t irq = spin_lock(&node_lock);

	*state_of(paddr) = order < 0 ? 0 : (uint8_t)(STATE_HEAP | (unsigned)order);
	spin_unlock(&node_lock, irq);
}

int mm_frame_heap_order(paddr_t paddr)
{
	uint8_t state = *state_of(paddr);

	return (state & (STATE_FREE | STATE_HEAP)) == STATE_HEAP ? (int)(state & STATE_ORDER) : -1;
}

void mm_frame_stats(struct mm_frame_stats *stats)
{
	arch_irq_state_t irq = spin_lock(&node_lock);

	stats->total = node.total;
	stats->free = mm_frame_free_count();
	spin_unlock(&node_lock, irq);
}

uint64_t mm_frame_free_count(void)
{
	return atomic_load_explicit(&free_count, memory_order_relaxed);
}
