/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hermit-image: shows and changes the headers of HermitCore images. The tool chain's wrappers use
 * it.
 */
#include "image_seal.h"

#include <abi/hostcall.h>
#include <common/elf_image.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"Usage: hermit-image COMMAND FILE\n"
	"  seal      finish the headers of a linked image\n"
	"  unseal    take that back, before binutils rewrite the image\n"
	"  is-image  exit with 0 if FILE is a HermitCore image, with 1 otherwise\n"
	"  is-sealed the same for a sealed one\n"
	"  info      show what the image is\n";

static int fail(const char *path, const char *reason)
{
	fprintf(stderr, "hermit-image: %s: %s\n", path, reason);
	return 1;
}

static int load(const char *path, struct elf_image *image, const char **reason)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0) {
		error = -errno;
		*reason = strerror(-error);
		return error;
	}
	error = elf_image_parse_fd(image, fd, reason);
	close(fd);
	return error;
}

static void print_info(const struct elf_image *image)
{
	const struct hermit_note *note = &image->note;
	uint64_t kernel = 0, application = 0, bss = 0;

	for (uint32_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *ph = &image->phdr[i];

		if (ph->p_type == HERMIT_PT_BSS || (ph->p_type == PT_LOAD && ph->p_filesz == 0))
			bss += ph->p_memsz;
		else if (ph->p_type == PT_LOAD &&
			 (ph->p_vaddr == ph->p_paddr || ph->p_vaddr >= HERMIT_KERNEL_BASE))
			kernel += ph->p_memsz;
		else if (ph->p_type == PT_LOAD)
			application += ph->p_memsz;
	}
	printf("sealed       %s\n", elf_image_is_sealed(image) ? "yes" : "no");
	printf("abi          %" PRIu32 "\n", note->abi_version);
	printf("host calls   %" PRIu32 "\n", note->hc_version);
	printf("pvh entry    0x%" PRIx64 "\n", image->pvh_entry);
	printf("64-bit entry 0x%" PRIx64 "\n", note->entry64);
	printf("loaded       0x%" PRIx64 "-0x%" PRIx64 "\n", note->image_start, note->image_end);
	printf("kernel       %" PRIu64 " bytes\n", kernel);
	printf("application  %" PRIu64 " bytes\n", application);
	printf("bss          %" PRIu64 " bytes\n", bss);
}

int main(int argc, char **argv)
{
	const char *reason = "";
	struct elf_image image = {0};
	int error;

	if (argc != 3) {
		fputs(usage, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	if (strcmp(argv[1], "seal") == 0) {
		error = image_seal(argv[2], &reason);
		return error ? fail(argv[2], reason) : 0;
	}
	if (strcmp(argv[1], "unseal") == 0) {
		error = image_unseal(argv[2], &reason);
		return error ? fail(argv[2], reason) : 0;
	}
	error = load(argv[2], &image, &reason);
	if (strcmp(argv[1], "is-image") == 0)
		return error == 0 && elf_image_is_hermit(&image) ? 0 : 1;
	if (strcmp(argv[1], "is-sealed") == 0)
		return error == 0 && elf_image_is_sealed(&image) ? 0 : 1;
	if (strcmp(argv[1], "info") != 0) {
		fputs(usage, stderr);
		return 2;
	}
	if (error)
		return fail(argv[2], reason);
	if (!elf_image_is_hermit(&image))
		return fail(argv[2], "not a HermitCore image");
	print_info(&image);
	return 0;
}
