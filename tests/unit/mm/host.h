/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stand-ins for what the memory management stands on: locks that only check their use, a physmap at
 * UNIT_PHYSMAP in this process, and flushes that are recorded. ARCH_PHYSMAP_BASE is defined to it
 * (CMakeLists.txt).
 */
#ifndef UNIT_MM_HOST_H
#define UNIT_MM_HOST_H

#include "../common/unit.h"

#include <arch/numa.h>
#include <lib/types.h>

#define UNIT_PHYSMAP	  0x200000000000ul
#define UNIT_PHYSMAP_SIZE (1ul << 41)

/* Fresh physical memory, all zero: nothing of it is there until it is touched. */
void host_physmap_reset(void);

/* The same and a frame allocator that has the frames START..END. */
void host_memory(paddr_t start, paddr_t end, bool zeroed);

/* What the firmware says of nodes, to who names an RSDP other than 0. */
extern struct arch_numa host_numa;

/* Locks held now. */
extern unsigned host_locks_held;

/* Pages flushed so far, and whether ADDRESS is among the last flush. */
extern uint64_t host_flushes;

#endif /* UNIT_MM_HOST_H */
