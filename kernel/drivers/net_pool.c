/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See net_pool.h. Free buffers form a list, the one that was released last first: its page is still
 * in the processor's caches. pool_lock guards list and figures.
 */
#include "net_pool.h"

#include <core/spinlock.h>
#include <mm/frame.h>

#define BLOCK_ORDER 4u /* many buffers at once: a ring is filled */

static struct spinlock pool_lock = SPINLOCK_INIT;
static struct net_buffer *free_buffers GUARDED_BY(pool_lock);
static unsigned free_count GUARDED_BY(pool_lock);
static unsigned keep GUARDED_BY(pool_lock);

void net_pool_keep(unsigned count)
{
	arch_irq_state_t state = spin_lock(&pool_lock);

	keep = count;
	spin_unlock(&pool_lock, state);
}

static void prepare(struct net_buffer *buffer)
{
	buffer->data = (uint8_t *)buffer + NET_BUFFER_OFFSET;
	buffer->flags = 0;
	buffer->release = net_pool_release;
}

/* New ones in front of *CHAIN, 1 << ORDER of them, in one block of memory that goes back page by
 * page. False: no memory. */
static bool grow(struct net_buffer **chain, unsigned order)
{
	paddr_t frames = mm_frame_alloc(order, 0);

	if (frames == PADDR_NONE)
		return false;
	for (unsigned i = 0; i < 1u << order; i++) {
		struct net_buffer *buffer = mm_phys_to_virt(frames + i * PAGE_SIZE);

		prepare(buffer);
		buffer->next = *chain;
		*chain = buffer;
	}
	return true;
}

struct net_buffer *net_pool_take(unsigned count)
{
	struct net_buffer *chain = NULL, *buffer;
	arch_irq_state_t state = spin_lock(&pool_lock);

	for (; count && free_buffers; count--) {
		buffer = free_buffers;
		free_buffers = buffer->next;
		free_count--;
		prepare(buffer);
		buffer->next = chain;
		chain = buffer;
	}
	spin_unlock(&pool_lock, state);
	while (count) {
		unsigned order = count >= 1u << BLOCK_ORDER ? BLOCK_ORDER : 0;

		if (!grow(&chain, order) && (!order || !grow(&chain, order = 0))) {
			net_pool_release_all(chain);
			return NULL;
		}
		count -= 1u << order;
	}
	return chain;
}

void net_pool_release(struct net_buffer *buffer)
{
	arch_irq_state_t state = spin_lock(&pool_lock);
	bool kept = free_count < keep;

	if (kept) {
		buffer->next = free_buffers;
		free_buffers = buffer;
		free_count++;
	}
	spin_unlock(&pool_lock, state);
	if (!kept)
		mm_frame_free(mm_virt_to_phys(buffer), 0);
}

void net_pool_release_all(struct net_buffer *buffer)
{
	while (buffer) {
		struct net_buffer *next = buffer->next;

		net_pool_release(buffer);
		buffer = next;
	}
}
