/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the boot tables (boot.S: the first GiB, three times, with all rights) to the final map of
 * the kernel's half: physmap and kernel image, each page with no more rights than it needs.
 */
#include "mmu.h"
#include "regs.h"
#include "symbols.h"
#include "x86.h"

#include <lib/string.h>
#include <linux/errno.h>

#define CPUID_EXT_EDX_1GIB (1u << 26)
#define GIB_SHIFT	   30u
#define ROOT_IDENTITY	   0u
#define ROOT_PHYSMAP	   256u
#define ROOT_KERNEL	   511u

static unsigned physmap_shift = HUGE_PAGE_SHIFT;

static paddr_t image_paddr(const char *symbol)
{
	return ALIGN_DOWN((uintptr_t)symbol - ARCH_KERNEL_BASE, PAGE_SIZE);
}

paddr_t arch_image_start(void)
{
	return (uintptr_t)__hermit_image_start;
}

paddr_t arch_image_end(void)
{
	return (uintptr_t)__hermit_image_end;
}

paddr_t arch_kernel_start(void)
{
	return image_paddr(kernel_text_start);
}

paddr_t arch_kernel_end(void)
{
	return ALIGN_UP((uintptr_t)kernel_bss_end - ARCH_KERNEL_BASE, PAGE_SIZE);
}

static int map_image(paddr_t start, paddr_t end, unsigned attributes)
{
	return arch_mmu_map_range(ARCH_KERNEL_BASE + start, start, end - start, PAGE_SHIFT,
				  attributes | MMU_READ);
}

static int map_kernel(void)
{
	paddr_t text = arch_kernel_start(), rodata = image_paddr(kernel_rodata_start);
	paddr_t data = image_paddr(kernel_data_start), end = arch_kernel_end();
	int error = map_image(text, rodata, MMU_EXEC);

	if (!error)
		error = map_image(rodata, data, 0);
	if (!error)
		error = map_image(data, end, MMU_WRITE | MMU_DIRTY);
	return error;
}

static void reload_root(void)
{
	uint64_t cr4 = x86_read_cr4();

	/* Also drops global entries. */
	x86_write_cr4(cr4 & ~(uint64_t)CR4_PGE);
	x86_write_cr4(cr4 | CR4_PGE);
}

static paddr_t read_cr3(void)
{
	uint64_t cr3;

	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	return cr3 & PTE_ADDRESS;
}

int arch_mmu_init(void)
{
	uint64_t *boot_root = arch_phys_to_virt(read_cr3()), *root;
	paddr_t fresh = mmu_table_alloc();
	uintptr_t text, data;
	int error;

	if (fresh == PADDR_NONE)
		return -ENOMEM;
	if (x86_cpuid(0x80000001, 0).edx & CPUID_EXT_EDX_1GIB)
		physmap_shift = GIB_SHIFT;

	/* The new tables grow beside the boot tables, which stay in use until they are complete. */
	mmu_set_root(fresh);
	root = arch_phys_to_virt(fresh);
	error = map_kernel();
	if (!error)
		error = arch_mmu_map_range(ARCH_PHYSMAP_BASE, 0, ARCH_BOOT_MAPPED, HUGE_PAGE_SHIFT,
					   MMU_READ | MMU_WRITE | MMU_DIRTY);
	text = ARCH_PHYSMAP_BASE + arch_kernel_start();
	data = ARCH_PHYSMAP_BASE + image_paddr(kernel_data_start);
	if (!error)
		error = arch_mmu_split(text);
	if (!error)
		error = arch_mmu_split(data);
	if (error)
		return error;
	(void)arch_mmu_protect(text, data, MMU_READ);

	/* The root stays where it is: it is what other CPUs start with. */
	boot_root[ROOT_PHYSMAP] = root[ROOT_PHYSMAP];
	boot_root[ROOT_KERNEL] = root[ROOT_KERNEL];
	boot_root[ROOT_IDENTITY] = 0;
	mmu_set_root(read_cr3());
	reload_root();
	memset(root, 0, PAGE_SIZE);
	mmu_table_free(fresh);
	return 0;
}

int arch_mmu_add_ram(paddr_t start, paddr_t end)
{
	struct mmu_page page;
	unsigned shift;
	int error;

	start = MAX(ALIGN_DOWN(start, HUGE_PAGE_SIZE), ARCH_BOOT_MAPPED); /* that is mapped */
	end = ALIGN_UP(end, HUGE_PAGE_SIZE);
	while (start < end) {
		uintptr_t address = ARCH_PHYSMAP_BASE + start;

		if (arch_mmu_query(address, &page)) {
			start = page.address + (1ul << page.shift) - ARCH_PHYSMAP_BASE;
			continue;
		}
		/* A large page only where all of it is RAM and nothing of it is mapped. */
		shift = HUGE_PAGE_SHIFT;
		if (physmap_shift <= page.shift && IS_ALIGNED(start, 1ul << physmap_shift) &&
		    end - start >= 1ul << physmap_shift)
			shift = physmap_shift;
		error = arch_mmu_map(address, start, shift, MMU_READ | MMU_WRITE | MMU_DIRTY);
		if (error)
			return error;
		start += 1ul << shift;
	}
	return 0;
}
