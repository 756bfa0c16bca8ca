/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See net_pool.h. Free buffers form a list, the one that was released last first: its page is still
 * in the processor's caches. pool_lock guards list and figures.
 */
#include "net_pool.h"

#include <core/spinlock.h>
#include <mm/frame.h>

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

/* A new one in front of CHAIN; NULL: no memory. */
static struct net_buffer *grow(struct net_buffer *chain)
{
	paddr_t frame = mm_frame_alloc(0, 0);
	struct net_buffer *buffer;

	if (frame == PADDR_NONE)
		return NULL;
	buffer = mm_phys_to_virt(frame);
	prepare(buffer);
	buffer->next = chain;
	return buffer;
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
	for (; count; count--) {
		buffer = grow(chain);
		if (!buffer) {
			net_pool_release_all(chain);
			return NULL;
		}
		chain = buffer;
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
