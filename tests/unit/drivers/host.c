/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <asm/errno.h>
#include <core/log.h>
#include <core/random.h>
#include <core/spinlock.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <string.h>

#define VECTOR_BASE 32u
#define VECTORS	    8u
#define BLOCKS_MAX  64u

unsigned host_frames;
bool host_no_memory;

static struct {
	irq_handler_fn handler;
	void *argument;
} vectors[VECTORS];
static unsigned vector_count;
static void *blocks[BLOCKS_MAX];
static unsigned block_count;

/* Several buffers in one block would go back one by one, which the C library cannot do: only the
 * queues' memory, which stays, is larger than a frame. */
paddr_t mm_frame_alloc(unsigned order, unsigned flags)
{
	void *memory;

	if (host_no_memory || (order && !(flags & MM_ZERO)))
		return PADDR_NONE;
	memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
	CHECK(memory);
	memset(memory, flags & MM_ZERO ? 0 : 0xa5, PAGE_SIZE << order);
	if (flags & MM_ZERO) {
		CHECK(block_count < BLOCKS_MAX);
		blocks[block_count++] = memory;
	} else {
		host_frames++;
	}
	return mm_virt_to_phys(memory);
}

void mm_frame_free(paddr_t paddr, unsigned order)
{
	CHECK_EQ(order, 0);
	free(mm_phys_to_virt(paddr));
	host_frames--;
}

void *kcalloc(size_t count, size_t size)
{
	CHECK(block_count < BLOCKS_MAX);
	return blocks[block_count++] = calloc(count, size);
}

void *kzalloc(size_t size)
{
	return calloc(1, size);
}

void kfree(void *memory)
{
	free(memory);
}

void arch_cpu_relax(void)
{
}

arch_irq_state_t spin_lock(struct spinlock *lock) NO_THREAD_SAFETY
{
	CHECK(lock->owner == 0);
	lock->owner = 1;
	return 0;
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state) NO_THREAD_SAFETY
{
	(void)state;
	CHECK(lock->owner == 1);
	lock->owner = 0;
}

void log_write(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

void random_fill(void *out, size_t size)
{
	memset(out, 0x5b, size);
}

int irq_alloc(irq_handler_fn handler, void *argument)
{
	if (vector_count == VECTORS)
		return -ENOSPC;
	vectors[vector_count].handler = handler;
	vectors[vector_count].argument = argument;
	return (int)(VECTOR_BASE + vector_count++);
}

int irq_route(unsigned gsi, unsigned vector, bool level, bool active_low)
{
	(void)gsi, (void)active_low;
	CHECK(level && vector >= VECTOR_BASE && vector < VECTOR_BASE + vector_count);
	return 0;
}

void host_interrupt(void)
{
	for (unsigned i = 0; i < vector_count; i++)
		vectors[i].handler(vectors[i].argument);
}

void host_reset(void)
{
	while (block_count)
		free(blocks[--block_count]);
	vector_count = 0;
	host_no_memory = false;
}
