/* SPDX-License-Identifier: BSD-3-Clause */
/* Device registers in the MMIO window of the kernel's half (arch/io.h). Devices are mapped by one
 * task at start, so there is no lock. */
#include <arch/io.h>

#include <arch/mmu.h>

uintptr_t arch_mmio_map(paddr_t address, size_t size)
{
	uintptr_t start = ARCH_MMIO_BASE + address;
	struct mmu_page page;

	if (address >= ARCH_PADDR_LIMIT || size > ARCH_PADDR_LIMIT - address)
		return 0;
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		if (arch_mmu_query(start + done, &page))
			continue;
		if (arch_mmu_map(start + done, address + done, PAGE_SHIFT,
				 MMU_READ | MMU_WRITE | MMU_DEVICE))
			return 0;
	}
	return start;
}
