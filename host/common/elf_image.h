/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads the headers of an ELF64 executable and the notes that make it a HermitCore image.
 *
 * The file is hostile input: after a successful parse all offsets and sizes below have been checked
 * against the file and for overflow. Only headers and notes are read, by value: nothing points into
 * the file, which may change afterwards.
 */
#ifndef COMMON_ELF_IMAGE_H
#define COMMON_ELF_IMAGE_H

#include <abi/boot_info.h>
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_IMAGE_PHDRS_MAX 64u

struct elf_image {
	uint64_t size;	/* of the file */
	uint64_t entry; /* e_entry: the stub that Linux starts */
	uint64_t phoff;
	uint32_t phnum;
	uint8_t osabi;
	bool has_pvh; /* there is a PVH note, and its entry lies in a segment */
	bool has_note;
	Elf64_Phdr phdr[ELF_IMAGE_PHDRS_MAX];
	uint64_t pvh_entry; /* physical address */
	struct hermit_note note;
};

/*
 * Each returns 0, or a negated errno: -ENOEXEC for what is no static x86-64 ELF64 executable or is
 * damaged. *reason is then a text for people.
 */
int elf_image_parse_fd(struct elf_image *image, int fd, const char **reason);
int elf_image_parse_memory(struct elf_image *image, const void *data, size_t size,
			   const char **reason);

/* Whether the image has all that a HermitCore image has, and the tool chain has finished it
 * (OSABI). */
bool elf_image_is_hermit(const struct elf_image *image);
bool elf_image_is_sealed(const struct elf_image *image);

/* Does a PT_LOAD segment bring the byte at physical address PADDR from the file? */
bool elf_image_is_loaded(const struct elf_image *image, uint64_t paddr);

#endif /* COMMON_ELF_IMAGE_H */
