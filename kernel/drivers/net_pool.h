/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory for received frames, shared by the drivers of network cards. A buffer is one page: its
 * struct net_buffer, then the part that the card writes. Private to this folder. Any context.
 */
#ifndef DRIVERS_NET_POOL_H
#define DRIVERS_NET_POOL_H

#include <arch/mmu.h>
#include <drivers/net.h>
#include <lib/assert.h>

/* Where the card's part starts. With 12 bytes of virtio header and 14 of Ethernet in front, the
 * IP header is aligned to 4, and the payload behind TCP's usual options to 16. */
#define NET_BUFFER_OFFSET   130u
#define NET_BUFFER_CAPACITY ((uint32_t)PAGE_SIZE - NET_BUFFER_OFFSET)
_Static_assert(sizeof(struct net_buffer) <= NET_BUFFER_OFFSET, "data lies behind the head");

/* A chain of COUNT (at least 1) buffers with `data` at the card's part, or NULL: no memory. */
must_check struct net_buffer *net_pool_take(unsigned count);

/* A buffer that was taken, from driver or stack. */
void net_pool_release(struct net_buffer *buffer);

/* A chain of them. */
void net_pool_release_all(struct net_buffer *buffer);

/* The pool keeps up to COUNT free buffers instead of giving the pages back. */
void net_pool_keep(unsigned count);

/* Where a card reads or writes what is at ADDRESS (physmap or kernel image). */
static inline paddr_t net_dma_address(const void *address)
{
	uintptr_t at = (uintptr_t)address;

	if (at >= ARCH_KERNEL_BASE)
		return at - ARCH_KERNEL_BASE;
	ASSERT(at - ARCH_PHYSMAP_BASE < ARCH_PADDR_LIMIT);
	return at - ARCH_PHYSMAP_BASE;
}

#endif /* DRIVERS_NET_POOL_H */
