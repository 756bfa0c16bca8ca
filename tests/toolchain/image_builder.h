/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds a small image in memory, as the linker leaves it: headers, notes and no code. */
#ifndef IMAGE_BUILDER_H
#define IMAGE_BUILDER_H

#include <elf.h>
#include <stdint.h>

#define BUILT_SIZE  4096u
#define BUILT_PHDRS 6u

enum built_phdr {
	BUILT_APP = 0, /* 0x400000, loaded at 0x101000 */
	BUILT_BSS,     /* 0x500000, no file contents */
	BUILT_KERNEL,  /* kernel base + 0x100000 */
	BUILT_NOTE,
	BUILT_TLS, /* empty */
	BUILT_STACK,
};

struct built_image {
	union {
		uint8_t bytes[BUILT_SIZE];
		Elf64_Ehdr header;
	};
};

void built_image_init(struct built_image *image);
Elf64_Phdr *built_image_phdr(struct built_image *image, enum built_phdr which);

#endif /* IMAGE_BUILDER_H */
