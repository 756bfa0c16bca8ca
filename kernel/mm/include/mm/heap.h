/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's heap. Any context; does not block. Memory is aligned to 16 bytes, from 64 bytes on
 * to 64, and from a page on to pages.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H

#include <lib/compiler.h>
#include <lib/types.h>

/* NULL: out of memory. A size of 0 gives a block of the smallest size. */
must_check void *kmalloc(size_t size);
must_check void *kzalloc(size_t size); /* all zero */

/* COUNT elements of SIZE bytes, all zero; NULL also when the product does not fit. */
must_check void *kcalloc(size_t count, size_t size);

/* Changes the size of the block at MEMORY (NULL: kmalloc); it may move. NULL: out of memory, the
 * old block is unchanged. */
must_check void *krealloc(void *memory, size_t size);

/* MEMORY may be NULL. */
void kfree(void *memory);

/* Bytes that the block at MEMORY holds (at least what was asked for). */
size_t kmalloc_size(const void *memory);

struct mm_heap_stats {
	uint64_t blocks; /* in use */
	uint64_t bytes;	 /* in those, as kmalloc_size counts */
	uint64_t frames; /* taken from the frame allocator */
};
void mm_heap_stats(struct mm_heap_stats *stats);

#endif /* MM_HEAP_H */
