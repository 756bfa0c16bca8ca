/* SPDX-License-Identifier: BSD-3-Clause */
/* Mappings in the kernel's half besides physmap and image: device registers and kernel stacks. */
#ifndef MM_KMAP_H
#define MM_KMAP_H

#include <lib/compiler.h>
#include <lib/types.h>

#define MM_KSTACK_SIZE (4 * PAGE_SIZE)

/* Maps SIZE bytes of device registers at PADDR, uncached, for good. Mapping the same twice gives
 * the same address. NULL: out of memory, or beyond what can be mapped. Any context. */
must_check volatile void *mm_mmio_map(paddr_t paddr, size_t size);

/* A kernel stack of MM_KSTACK_SIZE bytes with unmapped pages below: the address behind its end, or
 * NULL. Its content is undefined. Any context. */
must_check void *mm_kstack_alloc(void);

/* Gives the stack that ends at TOP back. Nobody runs on it. Any context. */
void mm_kstack_free(void *top);

/* Does ADDRESS lie in the unmapped part below a kernel stack? (For the report of an overflow.) */
bool mm_kstack_guard_hit(uintptr_t address);

#endif /* MM_KMAP_H */
