/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory map at the start: which physical memory is free. Private to this folder and its tests.
 */
#ifndef MM_RANGES_H
#define MM_RANGES_H

#include <abi/boot_info.h>
#include <lib/types.h>

/* Each reserved range may split a free one. */
#define RANGES_MAX (2 * BOOT_MEM_MAX + 8)

struct range {
	paddr_t start, end;
	bool zeroed;
};

/* Sorted by address, disjoint, whole pages, none empty. */
struct ranges {
	unsigned count;
	struct range at[RANGES_MAX];
};

/* The RAM of INFO, rounded inwards to pages, without its reserved ranges (rounded outwards). Parts
 * beyond LIMIT are left out. Overlapping RAM entries count once; zeroed only where all say so. */
void ranges_from_boot_info(struct ranges *ranges, const struct boot_info *info, paddr_t limit);

/* Takes START..END, rounded outwards to pages, out. */
void ranges_remove(struct ranges *ranges, paddr_t start, paddr_t end);

/* Takes SIZE bytes (rounded up to pages) off the start of the first range that has them below
 * LIMIT. PADDR_NONE: there is none. *ZEROED: is the memory zero? */
paddr_t ranges_take(struct ranges *ranges, size_t size, paddr_t limit, bool *zeroed);

#endif /* MM_RANGES_H */
