/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What else is known of frames: pins, the heap's bookkeeping, figures. Pins are counted in the
 * state bytes of the frame allocator (buddy.h), under the lock of the frame's node; consecutive
 * frames may belong to several nodes.
 */
#include "buddy.h"

#include <linux/errno.h>

/* Frames of one node. */
static int pin_stretch(struct node *node, paddr_t paddr, size_t count)
{
	arch_irq_state_t irq = spin_lock(&node->lock);
	uint8_t *states = buddy_state(paddr);
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		ASSERT(!(states[i] & (STATE_FREE | STATE_HEAP | STATE_FREE_LATER)));
		if (states[i] == STATE_PINS)
			error = -EAGAIN;
	}
	for (size_t i = 0; i < count && !error; i++)
		states[i]++;
	if (!error)
		node->pins += count;
	spin_unlock(&node->lock, irq);
	return error;
}

int mm_frame_pin(paddr_t paddr, size_t count)
{
	paddr_t end = paddr + count * PAGE_SIZE, at = paddr;

	while (at < end) {
		paddr_t stop = nodes_stretch(at, end);
		int error = pin_stretch(buddy_node(at), at, (stop - at) >> PAGE_SHIFT);

		if (error) {
			mm_frame_unpin(paddr, (at - paddr) >> PAGE_SHIFT);
			return error;
		}
		at = stop;
	}
	return 0;
}

static void unpin_stretch(struct node *node, paddr_t paddr, size_t count)
{
	arch_irq_state_t irq = spin_lock(&node->lock);
	uint8_t *states = buddy_state(paddr);

	for (size_t i = 0; i < count; i++) {
		ASSERT(states[i] & STATE_PINS);
		states[i]--;
		if (states[i] == STATE_FREE_LATER) {
			states[i] = 0;
			buddy_free_block(node, paddr + i * PAGE_SIZE, 0, false);
		}
	}
	node->pins -= count;
	spin_unlock(&node->lock, irq);
}

void mm_frame_unpin(paddr_t paddr, size_t count)
{
	paddr_t end = paddr + count * PAGE_SIZE;

	while (paddr < end) {
		paddr_t stop = nodes_stretch(paddr, end);

		unpin_stretch(buddy_node(paddr), paddr, (stop - paddr) >> PAGE_SHIFT);
		paddr = stop;
	}
}

bool mm_frame_pinned(paddr_t paddr, size_t count)
{
	const uint8_t *states = buddy_state(paddr);
	bool pinned = false;

	for (size_t i = 0; i < count; i++)
		pinned |= states[i] & STATE_PINS;
	return pinned;
}

void mm_frame_set_heap_order(paddr_t paddr, int order)
{
	struct node *node = buddy_node(paddr);
	arch_irq_state_t irq = spin_lock(&node->lock);

	*buddy_state(paddr) = order < 0 ? 0 : (uint8_t)(STATE_HEAP | (unsigned)order);
	spin_unlock(&node->lock, irq);
}

int mm_frame_heap_order(paddr_t paddr)
{
	uint8_t state = *buddy_state(paddr);

	return (state & (STATE_FREE | STATE_HEAP)) == STATE_HEAP ? (int)(state & STATE_ORDER) : -1;
}

static uint64_t node_free_count(const struct node *node)
{
	return atomic_load_explicit(&node->free_count, memory_order_relaxed);
}

void mm_frame_stats(struct mm_frame_stats *stats)
{
	*stats = (struct mm_frame_stats){.free = mm_frame_free_count()};
	for (unsigned i = 0; i < node_table.count; i++)
		stats->total += buddy_nodes[i].total;
}

uint64_t mm_frame_free_count(void)
{
	uint64_t count = node_free_count(&buddy_nodes[0]);

	for (unsigned i = 1; i < node_table.count; i++)
		count += node_free_count(&buddy_nodes[i]);
	return count;
}

mm_nodes_t mm_nodes_with_memory(void)
{
	mm_nodes_t set = 0;

	for (unsigned i = 0; i < node_table.count; i++) {
		if (buddy_nodes[i].total)
			set |= mm_node_bit(i);
	}
	return set;
}

void mm_node_stats(unsigned number, struct mm_node_stats *stats)
{
	struct node *node = &buddy_nodes[number];
	arch_irq_state_t irq;

	ASSERT(number < node_table.count);
	irq = spin_lock(&node->lock);
	*stats = node->taken;
	spin_unlock(&node->lock, irq);
	stats->total = node->total;
	stats->free = node_free_count(node);
	stats->foreign = atomic_load_explicit(&node->foreign, memory_order_relaxed);
}
