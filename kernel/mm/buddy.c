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
 * Each NUMA node has lists, a stack and a lock of its own; a block never reaches over the border
 * between two nodes. Memory is taken from the node of the executing CPU, or the nearest one that
 * has some.
 *
 * Locks: a node's LOCK guards its part and the state bytes of its frames; one at a time. Memory is
 * cleared after the lock is released.
 */
#include "buddy.h"

#include <lib/string.h>

/* Blocks from this order on have their links in the state bytes 16..31 of their frames. */
#define LINKS_IN_STATES 5u
#define LINKS_AT	16u
_Static_assert(LINKS_AT + sizeof(struct list_node) <= 1u << LINKS_IN_STATES, "inside the block");

struct node buddy_nodes[MM_NODES_MAX];
static uint8_t *frame_states; /* per frame number; the bytes are guarded by the node's lock */
static uint64_t frame_count;  /* fixed */

static void node_reset(struct node *node)
{
	*node = (struct node){.lock = SPINLOCK_INIT};
	for (unsigned order = 0; order < ORDERS; order++)
		list_init(&node->free[order]);
}

void buddy_init(uint8_t *states, uint64_t count)
{
	ASSERT(IS_ALIGNED((uintptr_t)states, sizeof(void *))); /* it holds links, too */
	if (!node_table.count)
		node_table.count = 1; /* until more are known */
	for (unsigned i = 0; i < node_table.count; i++)
		node_reset(&buddy_nodes[i]);
	frame_states = states;
	frame_count = count;
}

uint8_t *buddy_state(paddr_t paddr)
{
	ASSERT(paddr >> PAGE_SHIFT < frame_count);
	return &frame_states[paddr >> PAGE_SHIFT];
}

static void count_free(struct node *node, int64_t frames) REQUIRES(node->lock)
{
	uint64_t now = atomic_load_explicit(&node->free_count, memory_order_relaxed);

	atomic_store_explicit(&node->free_count, now + (uint64_t)frames, memory_order_relaxed);
}

/* The links of the free block at PADDR. */
static struct list_node *links_of(paddr_t paddr, unsigned order)
{
	return order < LINKS_IN_STATES ? mm_phys_to_virt(paddr)
				       : (void *)(buddy_state(paddr) + LINKS_AT);
}

/* The free block of ORDER that has these LINKS. */
static paddr_t block_of(const struct list_node *links, unsigned order)
{
	if (order < LINKS_IN_STATES)
		return mm_virt_to_phys(links);
	return (paddr_t)((const uint8_t *)links - LINKS_AT - frame_states) << PAGE_SHIFT;
}

static void list_block(struct node *node, paddr_t paddr, unsigned order, bool zeroed)
	REQUIRES(node->lock)
{
	struct list_node *links = links_of(paddr, order);

	*links = (struct list_node){NULL, NULL};
	if (zeroed)
		list_push_back(&node->free[order], links);
	else
		list_push_front(&node->free[order], links);
	node->available |= 1u << order;
	*buddy_state(paddr) = (uint8_t)(STATE_FREE | (zeroed ? STATE_ZEROED : 0) | order);
}

/* Takes the free block at PADDR out of its list (its links are zero then); was it zeroed? */
static bool unlist_block(struct node *node, paddr_t paddr, unsigned order) REQUIRES(node->lock)
{
	uint8_t *state = buddy_state(paddr);
	bool zeroed = *state & STATE_ZEROED;

	list_remove(links_of(paddr, order));
	if (list_empty(&node->free[order]))
		node->available &= ~(1u << order);
	*state = 0;
	return zeroed;
}

/* Merges with free buddies as far as possible. */
void buddy_free_block(struct node *node, paddr_t paddr, unsigned order, bool zeroed)
{
	ASSERT(IS_ALIGNED(paddr, PAGE_SIZE << order));
	ASSERT(*buddy_state(paddr) == 0);
	count_free(node, 1ll << order);
	for (; order < MM_ORDER_MAX; order++) {
		paddr_t buddy = paddr ^ (PAGE_SIZE << order);

		if (buddy >> PAGE_SHIFT >= frame_count || buddy_node(buddy) != node ||
		    (*buddy_state(buddy) & (STATE_FREE | STATE_ORDER)) != (STATE_FREE | order))
			break;
		zeroed &= unlist_block(node, buddy, order);
		paddr = MIN(paddr, buddy);
	}
	list_block(node, paddr, order, zeroed);
}

/* Frees START..END, memory of one node, in blocks as large as possible. */
static void free_stretch(struct node *node, paddr_t start, paddr_t end, bool zeroed)
	REQUIRES(node->lock)
{
	while (start < end) {
		unsigned order = MM_ORDER_MAX;

		while (!IS_ALIGNED(start, PAGE_SIZE << order) || end - start < PAGE_SIZE << order)
			order--;
		buddy_free_block(node, start, order, zeroed);
		start += PAGE_SIZE << order;
	}
}

/* Frees START..END, of any nodes; NEW: the allocator has not had it before. */
static void free_range(paddr_t start, paddr_t end, bool zeroed, bool new)
{
	while (start < end) {
		struct node *node = buddy_node(start);
		paddr_t stop = nodes_stretch(start, end);
		arch_irq_state_t irq = spin_lock(&node->lock);

		free_stretch(node, start, stop, zeroed);
		if (new)
			node->total += (stop - start) >> PAGE_SHIFT;
		spin_unlock(&node->lock, irq);
		start = stop;
	}
}

void buddy_add(paddr_t start, paddr_t end, bool zeroed)
{
	free_range(start, end, zeroed, true);
}

static void unstack(struct node *node, unsigned keep) REQUIRES(node->lock)
{
	while (node->stacked > keep) {
		paddr_t paddr = node->stack[--node->stacked];

		*buddy_state(paddr) = 0;
		count_free(node, -1);
		buddy_free_block(node, paddr, 0, false);
	}
}

static paddr_t first_block(struct node *node, unsigned order) REQUIRES(node->lock)
{
	return block_of(node->free[order].head.next, order);
}

static paddr_t last_block(struct node *node, unsigned order) REQUIRES(node->lock)
{
	return block_of(node->free[order].head.prev, order);
}

/* A free block on its way to its node, in the block's own memory. */
struct moved {
	struct moved *next;
	unsigned order;
	bool zeroed;
};

/* Takes all that is free out of NODE. */
static struct moved *node_drain(struct node *node) REQUIRES(node->lock)
{
	struct moved *moved = NULL;

	unstack(node, 0);
	for (unsigned order = 0; order < ORDERS; order++) {
		while (!list_empty(&node->free[order])) {
			paddr_t paddr = first_block(node, order);
			struct moved *block = mm_phys_to_virt(paddr);
			bool zeroed = unlist_block(node, paddr, order);

			count_free(node, -(1ll << order));
			*block = (struct moved){moved, order, zeroed};
			moved = block;
		}
	}
	return moved;
}

void buddy_split_nodes(const struct range *given, unsigned count)
{
	struct node *first = &buddy_nodes[0];
	arch_irq_state_t irq = spin_lock(&first->lock);
	struct moved *moved = node_drain(first);

	spin_unlock(&first->lock, irq);
	for (unsigned i = 0; i < node_table.count; i++)
		node_reset(&buddy_nodes[i]);
	while (moved) {
		struct moved block = *moved;
		paddr_t start = mm_virt_to_phys(moved);

		memset(moved, 0, sizeof(*moved)); /* it may be known to be zero */
		free_range(start, start + (PAGE_SIZE << block.order), block.zeroed, false);
		moved = block.next;
	}
	for (unsigned i = 0; i < count; i++) {
		for (paddr_t at = given[i].start; at < given[i].end;) {
			paddr_t stop = nodes_stretch(at, given[i].end);

			buddy_node(at)->total += (stop - at) >> PAGE_SHIFT;
			at = stop;
		}
	}
}

/* The first order that has a fitting block, or ORDERS. */
static unsigned find_order(struct node *node, unsigned order, bool fresh) REQUIRES(node->lock)
{
	uint32_t fitting = node->available & ~0u << order;

	if (!fitting && node->stacked) {
		unstack(node, 0);
		fitting = node->available & ~0u << order;
	}
	for (; fitting; fitting &= fitting - 1) {
		order = (unsigned)__builtin_ctz(fitting);
		if (!fresh || *buddy_state(last_block(node, order)) & STATE_ZEROED)
			return order;
	}
	return ORDERS;
}

/* Takes a block of ORDER; *ZEROED: is it all zero? */
static paddr_t take_block(struct node *node, unsigned order, unsigned flags, bool *zeroed)
	REQUIRES(node->lock)
{
	unsigned from = find_order(node, order, flags & MM_FRESH);
	bool from_end = flags & MM_FRESH || (flags & MM_ZERO && order >= MM_ORDER_HUGE);
	paddr_t paddr;

	if (from == ORDERS)
		return PADDR_NONE;
	paddr = from_end ? last_block(node, from) : first_block(node, from);
	*zeroed = unlist_block(node, paddr, from);
	while (from > order) {
		from--;
		list_block(node, paddr + (PAGE_SIZE << from), from, *zeroed);
	}
	count_free(node, -(1ll << order));
	return paddr;
}

/* Takes a block out of NODE; PADDR_NONE: it has none. */
static paddr_t node_alloc(struct node *node, unsigned order, unsigned flags, bool *zeroed)
{
	arch_irq_state_t irq = spin_lock(&node->lock);
	paddr_t paddr;

	*zeroed = false;
	if (order == 0 && node->stacked && !(flags & MM_FRESH)) {
		paddr = node->stack[--node->stacked];
		*buddy_state(paddr) = 0;
		count_free(node, -1);
	} else {
		paddr = take_block(node, order, flags, zeroed);
	}
	spin_unlock(&node->lock, irq);
	return paddr;
}

/* Notes that FRAMES of FROM were taken where WISHED would have been better. */
static void count_taken(struct node *from, struct node *wished, uint64_t frames, bool interleaved)
{
	bool local = from == &buddy_nodes[node_local()];
	arch_irq_state_t irq = spin_lock(&from->lock);

	*(from == wished ? &from->taken.hit : &from->taken.miss) += frames;
	*(local ? &from->taken.local : &from->taken.other) += frames;
	if (interleaved && from == wished)
		from->taken.interleaved += frames;
	spin_unlock(&from->lock, irq);
	if (from != wished)
		atomic_fetch_add_explicit(&wished->foreign, frames, memory_order_relaxed);
}

/* With several nodes. Fresh memory is taken from the nearest node only: that of others is worse
 * than clearing some here. */
static paddr_t alloc_near(unsigned order, unsigned flags, const struct mm_nearness *near,
			  bool *zeroed)
{
	struct node *wished = NULL;

	for (unsigned i = 0; i < node_table.count; i++) {
		struct node *node = &buddy_nodes[node_table.order[near->node][i]];
		paddr_t paddr;

		if (!(near->allowed & mm_node_bit((unsigned)(node - buddy_nodes))) || !node->total)
			continue;
		if (!wished)
			wished = node;
		paddr = node_alloc(node, order, flags, zeroed);
		if (paddr != PADDR_NONE) {
			count_taken(node, wished, 1ull << order, near->interleaved);
			return paddr;
		}
		if (flags & MM_FRESH)
			break;
	}
	return PADDR_NONE;
}

paddr_t mm_frame_alloc_near(unsigned order, unsigned flags, const struct mm_nearness *near)
{
	bool zeroed = false;
	paddr_t paddr;

	ASSERT(order <= MM_ORDER_MAX);
	if (likely(node_table.count == 1))
		paddr = node_alloc(&buddy_nodes[0], order, flags, &zeroed);
	else
		paddr = alloc_near(order, flags, near, &zeroed);
	if (flags & MM_ZERO && !zeroed && paddr != PADDR_NONE)
		memset(mm_phys_to_virt(paddr), 0, PAGE_SIZE << order);
	return paddr;
}

paddr_t mm_frame_alloc(unsigned order, unsigned flags)
{
	const struct mm_nearness near = {node_local(), MM_NODES_ALL, false};

	return mm_frame_alloc_near(order, flags, &near);
}

/* A block of which frames may be pinned: those are freed later, the rest now. */
static void free_pinned(struct node *node, paddr_t paddr, unsigned order) REQUIRES(node->lock)
{
	for (uint64_t i = 0; i < 1ull << order; i++) {
		uint8_t *state = buddy_state(paddr + i * PAGE_SIZE);

		if (*state & STATE_PINS) {
			ASSERT(!(*state & (STATE_FREE | STATE_FREE_LATER)));
			*state |= STATE_FREE_LATER;
		} else {
			buddy_free_block(node, paddr + i * PAGE_SIZE, 0, false);
		}
	}
}

void mm_frame_free(paddr_t paddr, unsigned order)
{
	struct node *node = buddy_node(paddr);
	arch_irq_state_t irq = spin_lock(&node->lock);

	if (unlikely(node->pins)) {
		free_pinned(node, paddr, order);
	} else if (order == 0) {
		ASSERT(*buddy_state(paddr) == 0);
		if (node->stacked == STACK_SIZE)
			unstack(node, STACK_SIZE / 2);
		node->stack[node->stacked++] = paddr;
		*buddy_state(paddr) = STATE_STACKED;
		count_free(node, 1);
	} else {
		buddy_free_block(node, paddr, order, false);
	}
	spin_unlock(&node->lock, irq);
}
