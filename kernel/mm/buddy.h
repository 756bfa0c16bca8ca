/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the frame allocator share. Private to this folder and its tests. */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include <mm/frame.h>

/* STATES: a byte for each of the frame numbers 0 .. COUNT - 1, all zero, at an address for
 * pointers. Before the first buddy_add.
 */
void buddy_init(uint8_t *states, uint64_t count);

/* Gives the frames START..END (addresses) to the allocator. ZEROED: they hold nothing but zeros. */
void buddy_add(paddr_t start, paddr_t end, bool zeroed);

#endif /* MM_BUDDY_H */
