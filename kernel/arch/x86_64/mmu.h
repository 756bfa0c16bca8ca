/* SPDX-License-Identifier: BSD-3-Clause */
/* Page table entries (Intel SDM vol. 3, 4.5; AMD APM vol. 2, 5.3). Private to this folder. */
#ifndef X86_64_MMU_H
#define X86_64_MMU_H

#include <arch/mmu.h>
#include <lib/types.h>

#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITE    (1ull << 1)
#define PTE_PWT	     (1ull << 3)
#define PTE_PCD	     (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_LARGE    (1ull << 7)
#define PTE_GLOBAL   (1ull << 8)
#define PTE_HELD     (1ull << 9) /* ours: not present, but holds a frame */
#define PTE_NX	     (1ull << 63)
#define PTE_ADDRESS  0x000ffffffffff000ull

#define PTE_TABLE    (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)

#define MMU_LEVELS   4u /* 5 with LA57: nothing else here knows the depth */
#define MMU_ENTRIES  512u
#define MMU_BITS     9u
#define MMU_TOP	     (PAGE_SHIFT + MMU_BITS * (MMU_LEVELS - 1)) /* shift of the root's entries */

/* The root table. Set once by arch_mmu_init. */
void mmu_set_root(paddr_t root);

#endif /* X86_64_MMU_H */
