/* SPDX-License-Identifier: BSD-3-Clause */
/* The checked ELF reader: what it reads of a good image, and that it refuses damaged ones. */
#include "image_builder.h"
#include "test_seal.h"

#include <common/elf_image.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct built_image built;
static struct elf_image image;

static int parse(void)
{
	const char *reason = NULL;
	int error = elf_image_parse_memory(&image, &built, sizeof(built), &reason);

	CHECK(error == 0 || (reason && reason[0] != '\0'));
	return error;
}

static void test_good_image(void)
{
	built_image_init(&built);
	CHECK(parse() == 0);
	CHECK(elf_image_is_hermit(&image) && !elf_image_is_sealed(&image));
	CHECK(image.phnum == BUILT_PHDRS && image.entry == 0x400200);
	CHECK(image.pvh_entry == 0x100004);
	CHECK(image.note.abi_version == HERMIT_ABI_VERSION && image.note.image_end == 0x102000);
	built.header.e_ident[EI_OSABI] = HERMIT_ELF_OSABI;
	CHECK(parse() == 0 && elf_image_is_sealed(&image));
}

static void test_no_image(void)
{
	/* A plain program: it can be read, but is no image. */
	built_image_init(&built);
	built_image_phdr(&built, BUILT_NOTE)->p_type = PT_NULL;
	CHECK(parse() == 0 && !elf_image_is_hermit(&image));

	/* An entry that no segment holds. */
	built_image_init(&built);
	built_image_phdr(&built, BUILT_KERNEL)->p_filesz = 4;
	CHECK(parse() == 0 && !elf_image_is_hermit(&image));
}

/* Each takes a good image and breaks one thing. */
static void test_bad_header(void)
{
	built_image_init(&built);
	built.bytes[0] = 0;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_ident[EI_CLASS] = ELFCLASS32;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_machine = EM_AARCH64;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_type = ET_DYN;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_phnum = ELF_IMAGE_PHDRS_MAX + 1;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_phnum = 0;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_phentsize = 32;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_phoff = UINT64_MAX - 8;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built.header.e_phoff = BUILT_SIZE - 8;
	CHECK(parse() == -ENOEXEC);
}

static void test_bad_segments(void)
{
	built_image_init(&built);
	built_image_phdr(&built, BUILT_APP)->p_offset = 1;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built_image_phdr(&built, BUILT_APP)->p_offset = UINT64_MAX;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built_image_phdr(&built, BUILT_APP)->p_memsz = BUILT_SIZE - 1;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built_image_phdr(&built, BUILT_BSS)->p_vaddr = UINT64_MAX - 4096;
	CHECK(parse() == -ENOEXEC);
	built_image_init(&built);
	built_image_phdr(&built, BUILT_BSS)->p_paddr = UINT64_MAX - 4096;
	CHECK(parse() == -ENOEXEC);
}

/* Notes whose sizes lead outside of their segment are ignored, not followed. */
static void test_bad_notes(void)
{
	static const uint32_t sizes[] = {5, 0x7ffffff0, 0xfffffff0, 0xffffffff};
	Elf64_Nhdr *note;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		built_image_init(&built);
		note = (Elf64_Nhdr *)(void *)(built.bytes +
					      built_image_phdr(&built, BUILT_NOTE)->p_offset);
		note->n_namesz = sizes[i];
		CHECK(parse() == 0 && !elf_image_is_hermit(&image));
		built_image_init(&built);
		note->n_descsz = sizes[i];
		CHECK(parse() == 0 && !elf_image_is_hermit(&image));
	}
	built_image_init(&built);
	built_image_phdr(&built, BUILT_NOTE)->p_filesz -= 1;
	CHECK(parse() == 0 && !image.has_note);
}

static void test_every_length(void)
{
	const char *reason;

	built_image_init(&built);
	for (size_t size = 0; size < sizeof(built); size++) {
		/* A copy of that size, so that the sanitizer sees a read behind its end. */
		uint8_t *copy = malloc(size ? size : 1);

		CHECK(copy);
		memcpy(copy, &built, size);
		CHECK(elf_image_parse_memory(&image, copy, size, &reason) == -ENOEXEC);
		free(copy);
	}
}

static void test_file(void)
{
	char path[] = "/tmp/elf_image.XXXXXX";
	int fd = mkstemp(path);
	const char *reason;
	int folder;

	CHECK(fd >= 0);
	built_image_init(&built);
	CHECK(write(fd, &built, sizeof(built)) == (ssize_t)sizeof(built));
	CHECK(elf_image_parse_fd(&image, fd, &reason) == 0 && elf_image_is_hermit(&image));
	CHECK(ftruncate(fd, 100) == 0);
	CHECK(elf_image_parse_fd(&image, fd, &reason) == -ENOEXEC);
	close(fd);
	unlink(path);
	folder = open("/", O_RDONLY | O_DIRECTORY);
	CHECK(elf_image_parse_fd(&image, folder, &reason) == -ENOEXEC);
	close(folder);
	CHECK(elf_image_parse_fd(&image, -1, &reason) == -EBADF);
}

int main(void)
{
	test_good_image();
	test_no_image();
	test_bad_header();
	test_bad_segments();
	test_bad_notes();
	test_every_length();
	test_file();
	test_seal();
	puts("elf_image: passed");
	return 0;
}
