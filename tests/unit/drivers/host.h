/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stand-ins for what network drivers stand on. A frame is a block of the C library's heap, so that
 * the sanitizer sees each access beyond it; its physical address is where it lies behind
 * ARCH_PHYSMAP_BASE, which is the start of the sanitizer's heap. Frames and heap blocks are
 * counted.
 */
#ifndef UNIT_DRIVERS_HOST_H
#define UNIT_DRIVERS_HOST_H

#include "../common/unit.h"

#include <core/irq.h>
#include <lib/types.h>

/* Frames in use now; frame allocation fails from the next one on. */
extern unsigned host_frames;
extern bool host_no_memory;

/* Calls the handlers of all vectors that were routed. */
void host_interrupt(void);

/* Forgets vectors and the heap blocks that drivers never give back. */
void host_reset(void);

#endif /* UNIT_DRIVERS_HOST_H */
