/* SPDX-License-Identifier: BSD-3-Clause */
/* Translation caches (Intel SDM vol. 3, 4.10). INVLPG also drops all cached upper-level entries of
 * the executing CPU, so it covers tables that were taken out. */
#include <arch/mmu.h>

/* Above this many pages one reload of CR3 is cheaper. It spares global pages, so it serves the
 * application's half only. */
#define FLUSH_PAGES_MAX 32u
#define UPPER_HALF	(1ul << 63)

void (*arch_tlb_flush_others)(uintptr_t start, uintptr_t end);

void arch_tlb_flush_local(uintptr_t start, uintptr_t end)
{
	uint64_t cr3;

	if (start < UPPER_HALF && end - start > FLUSH_PAGES_MAX * PAGE_SIZE) {
		__asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3)::"memory");
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" ::"r"(start) : "memory");
}

void arch_tlb_flush(uintptr_t start, uintptr_t end)
{
	arch_tlb_flush_local(start, end);
	if (arch_tlb_flush_others)
		arch_tlb_flush_others(start, end);
}
