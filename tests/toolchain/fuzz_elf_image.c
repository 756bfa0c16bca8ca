/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for the ELF reader. Every input is laid over a good image as well, so that the fuzzer
 * gets past the first checks at once.
 */
#include "image_builder.h"

#include <common/elf_image.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const void *data, size_t size)
{
	struct elf_image image;
	const char *reason = NULL;
	int error = elf_image_parse_memory(&image, data, size, &reason);

	if (error && !reason)
		abort();
	if (error)
		return;
	for (uint32_t i = 0; i < image.phnum; i++) {
		const Elf64_Phdr *ph = &image.phdr[i];

		/* What the reader promises. */
		if (ph->p_type == PT_LOAD &&
		    (ph->p_filesz > ph->p_memsz || ph->p_offset > size ||
		     ph->p_filesz > size - ph->p_offset || ph->p_paddr + ph->p_memsz < ph->p_paddr))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct built_image built;
	uint16_t at;

	parse(data, size);
	if (size < sizeof(at))
		return 0;
	/* The first two bytes tell where the others go. */
	memcpy(&at, data, sizeof(at));
	data += sizeof(at);
	size -= sizeof(at);
	at %= sizeof(built);
	if (size > sizeof(built) - at)
		size = sizeof(built) - at;
	built_image_init(&built);
	memcpy(built.bytes + at, data, size);
	parse(&built, sizeof(built));
	return 0;
}
