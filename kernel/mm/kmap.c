/* SPDX-License-Identifier: BSD-3-Clause */
/* Device registers: a window at a fixed distance from their physical addresses. */
#include "kmap.h"

#include <arch/mmu.h>
#include <lib/checked.h>
#include <mm/kmap.h>

struct spinlock kmap_lock = SPINLOCK_INIT;

volatile void *mm_mmio_map(paddr_t paddr, size_t size)
{
	paddr_t start = ALIGN_DOWN(paddr, PAGE_SIZE), end;
	struct mmu_page page;
	arch_irq_state_t irq;
	int error = 0;

	if (add_overflows(paddr, size, &end) || end > ARCH_PADDR_LIMIT)
		return NULL;
	irq = spin_lock(&kmap_lock);
	for (; start < end && !error; start += PAGE_SIZE) {
		if (!arch_mmu_query(ARCH_MMIO_BASE + start, &page))
			error = arch_mmu_map(ARCH_MMIO_BASE + start, start, PAGE_SHIFT,
					     MMU_READ | MMU_WRITE | MMU_DEVICE | MMU_DIRTY);
	}
	spin_unlock(&kmap_lock, irq);
	return error ? NULL : (volatile void *)(ARCH_MMIO_BASE + paddr);
}
