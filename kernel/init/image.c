/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The image of the application: segments that the loader has put into memory right behind the
 * kernel. Their program headers are in memory, too (the first segment begins with the ELF header).
 * The kernel's own segments are told by their physical address, which lies below the application's.
 */
#include "app.h"

#include <abi/boot_info.h>
#include <arch/boot.h>
#include <arch/mmu.h>
#include <asm/errno.h>
#include <lib/string.h>
#include <linux/elf.h>
#include <linux/mman.h>
#include <mm/frame.h>
#include <mm/vm.h>

static unsigned segment_prot(const Elf64_Phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0u) | (ph->p_flags & PF_W ? PROT_WRITE : 0u) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0u);
}

/* .bss has no memory yet: pages come on demand. */
static int map_bss(const Elf64_Phdr *ph)
{
	uintptr_t start = ALIGN_DOWN(ph->p_vaddr, PAGE_SIZE);
	struct vm_map_request request = {
		.address = start,
		.size = ALIGN_UP(ph->p_vaddr + ph->p_memsz, PAGE_SIZE) - start,
		.prot = segment_prot(ph),
		.request = VM_MAP_FIXED | VM_MAP_NOREPLACE,
	};
	long result = request.size ? vm_map(&request) : 0;

	return result < 0 ? (int)result : 0;
}

static int map_segment(struct app_image *image, const Elf64_Phdr *ph)
{
	int error;

	if (ph->p_type == PT_LOAD)
		error = vm_map_image(ph->p_vaddr, ph->p_paddr, ph->p_filesz, ph->p_memsz,
				     segment_prot(ph));
	else
		error = map_bss(ph);
	image->brk_start = MAX(image->brk_start, ALIGN_UP(ph->p_vaddr + ph->p_memsz, PAGE_SIZE));
	return error;
}

int app_image_map(struct app_image *image)
{
	paddr_t load = arch_app_load();
	const Elf64_Ehdr *header = mm_phys_to_virt(load);
	const Elf64_Phdr *ph = (const void *)((const uint8_t *)header + header->e_phoff);
	int error = 0;

	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phentsize != sizeof(*ph))
		return -ENOEXEC;
	*image = (struct app_image){
		.entry = arch_app_entry(),
		.phdrs = arch_app_header() + header->e_phoff,
		.phdr_count = header->e_phnum,
		.phdr_size = header->e_phentsize,
	};
	for (unsigned i = 0; i < header->e_phnum && !error; i++) {
		if (ph[i].p_type == PT_GNU_EH_FRAME)
			image->unwind_header = ph[i].p_vaddr;
		if (ph[i].p_type == HERMIT_PT_BSS ||
		    (ph[i].p_type == PT_LOAD && ph[i].p_paddr >= load))
			error = map_segment(image, &ph[i]);
	}
	vm_set_brk_start(image->brk_start);
	return error;
}
