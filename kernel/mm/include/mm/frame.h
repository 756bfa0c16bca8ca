/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Physical memory: a buddy allocator of blocks of 2^order frames, order 0 (4 KiB) to
 * MM_ORDER_MAX (1 GiB). Any context, unless said otherwise; nothing here blocks.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include <abi/boot_info.h>
#include <arch/mmu.h>
#include <lib/compiler.h>
#include <lib/types.h>
#include <mm/node.h>

#define MM_ORDER_MAX  18u
#define MM_ORDER_HUGE (HUGE_PAGE_SHIFT - PAGE_SHIFT)

#define MM_ZERO	      1u /* the block is all zero */
#define MM_FRESH      2u /* only a block that is known to be all zero already */

struct mm_frame_stats {
	uint64_t total; /* frames ever given to the allocator */
	uint64_t free;
};

/*
 * Takes the RAM that INFO names, without what it reserves, the image, the first MiB and what
 * lies beyond the physmap's size, and sets up page tables, heap and kernel stacks. Once, on the
 * boot CPU, interrupts off. 0, or -ENOMEM when there is too little memory even for that.
 */
must_check int mm_init(const struct boot_info *info);

/* A block of 1 << ORDER frames, aligned to its size, or PADDR_NONE. FLAGS: MM_ZERO, MM_FRESH. From
 * the executing CPU's node, or the nearest that has one. */
must_check paddr_t mm_frame_alloc(unsigned order, unsigned flags);

/* The same from the one of the ALLOWED nodes that is nearest to NODE and has a block. */
struct mm_nearness {
	unsigned node;
	mm_nodes_t allowed;
	bool interleaved; /* for numastat(8) */
};
must_check paddr_t mm_frame_alloc_near(unsigned order, unsigned flags,
				       const struct mm_nearness *near);

/* Gives back a block. Parts of a block may be given back one by one. Frames that are pinned stay
 * away from the allocator until they are unpinned. */
void mm_frame_free(paddr_t paddr, unsigned order);

/*
 * Pins: while a frame is pinned it is not handed out again, whoever frees it. For memory that the
 * host or a device accesses by its physical address. COUNT consecutive frames. -EAGAIN when one
 * of them is pinned too often already (none is pinned then).
 */
must_check int mm_frame_pin(paddr_t paddr, size_t count);
void mm_frame_unpin(paddr_t paddr, size_t count);

/* Is one of the frames pinned? The caller makes sure that nobody pins it now. */
bool mm_frame_pinned(paddr_t paddr, size_t count);

void mm_frame_stats(struct mm_frame_stats *stats);

/* Free frames now; a snapshot without a lock. */
uint64_t mm_frame_free_count(void);

/* The frames' order in the heap's bookkeeping: for heap.c only. 0..MM_ORDER_MAX, or -1. */
void mm_frame_set_heap_order(paddr_t paddr, int order);
int mm_frame_heap_order(paddr_t paddr);

static inline void *mm_phys_to_virt(paddr_t paddr)
{
	return arch_phys_to_virt(paddr);
}

/* For an address in the physmap (heap memory, frames). */
static inline paddr_t mm_virt_to_phys(const void *address)
{
	return (uintptr_t)address - ARCH_PHYSMAP_BASE;
}

#endif /* MM_FRAME_H */
