/* SPDX-License-Identifier: BSD-3-Clause */
/* See image_builder.h. */
#include "image_builder.h"

#include <abi/boot_info.h>
#include <string.h>

#define NOTES_AT 1024u

static size_t put_note(uint8_t *to, const char *name, uint32_t type, const void *desc,
		       uint32_t desc_size)
{
	Elf64_Nhdr note = {
		.n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = desc_size, .n_type = type};
	size_t at = sizeof(note);

	memcpy(to, &note, sizeof(note));
	memcpy(to + at, name, note.n_namesz);
	at += (note.n_namesz + 3u) & ~3u;
	memcpy(to + at, desc, desc_size);
	return at + ((desc_size + 3u) & ~3u);
}

Elf64_Phdr *built_image_phdr(struct built_image *image, enum built_phdr which)
{
	return (Elf64_Phdr *)(void *)(image->bytes + sizeof(Elf64_Ehdr)) + which;
}

static void put_segments(struct built_image *image, size_t notes_size)
{
	*built_image_phdr(image, BUILT_APP) = (Elf64_Phdr){.p_type = PT_LOAD,
							   .p_flags = PF_R | PF_X,
							   .p_vaddr = 0x400000,
							   .p_paddr = 0x101000,
							   .p_filesz = BUILT_SIZE,
							   .p_memsz = BUILT_SIZE};
	*built_image_phdr(image, BUILT_BSS) = (Elf64_Phdr){.p_type = PT_LOAD,
							   .p_flags = PF_R | PF_W,
							   .p_vaddr = 0x500000,
							   .p_paddr = 0x201000,
							   .p_memsz = 1u << 30};
	*built_image_phdr(image, BUILT_KERNEL) =
		(Elf64_Phdr){.p_type = PT_LOAD,
			     .p_flags = PF_R | PF_X,
			     .p_vaddr = HERMIT_KERNEL_BASE + 0x100000,
			     .p_paddr = 0x100000,
			     .p_filesz = 16,
			     .p_memsz = 4096};
	*built_image_phdr(image, BUILT_NOTE) = (Elf64_Phdr){.p_type = PT_NOTE,
							    .p_offset = NOTES_AT,
							    .p_filesz = notes_size,
							    .p_memsz = notes_size,
							    .p_align = 4};
	*built_image_phdr(image, BUILT_TLS) = (Elf64_Phdr){.p_type = PT_TLS, .p_align = 8};
	*built_image_phdr(image, BUILT_STACK) =
		(Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
}

void built_image_init(struct built_image *image)
{
	struct hermit_note note = {.abi_version = HERMIT_ABI_VERSION,
				   .hc_version = 1,
				   .entry64 = 0x100008,
				   .image_start = 0x100000,
				   .image_end = 0x102000};
	uint32_t pvh_entry = 0x100004;
	size_t size;

	memset(image, 0, sizeof(*image));
	image->header = (Elf64_Ehdr){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
						 ELFDATA2LSB, EV_CURRENT},
				     .e_type = ET_EXEC,
				     .e_machine = EM_X86_64,
				     .e_version = EV_CURRENT,
				     .e_entry = 0x400200,
				     .e_phoff = sizeof(Elf64_Ehdr),
				     .e_ehsize = sizeof(Elf64_Ehdr),
				     .e_phentsize = sizeof(Elf64_Phdr),
				     .e_phnum = BUILT_PHDRS};
	size = put_note(image->bytes + NOTES_AT, "Xen", 18, &pvh_entry, sizeof(pvh_entry));
	size += put_note(image->bytes + NOTES_AT + size, HERMIT_NOTE_NAME, HERMIT_NOTE_TYPE, &note,
			 sizeof(note));
	put_segments(image, size);
}
