/* SPDX-License-Identifier: BSD-3-Clause */
/* Sealing: what it changes, that it can be undone and repeated, and that it leaves other files
 * alone. */
#include "test_seal.h"

#include "image_builder.h"
#include "image_seal.h"

#include <abi/boot_info.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/seal.XXXXXX";

static void store(const struct built_image *image)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	CHECK(fd >= 0 && write(fd, image, sizeof(*image)) == (ssize_t)sizeof(*image));
	close(fd);
}

static void load(struct built_image *image)
{
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0 && read(fd, image, sizeof(*image)) == (ssize_t)sizeof(*image));
	close(fd);
}

static void test_there_and_back(void)
{
	struct built_image linked, sealed, again;
	const char *reason;

	built_image_init(&linked);
	store(&linked);
	CHECK(image_seal(path, &reason) == 0);
	load(&sealed);
	CHECK(sealed.header.e_ident[EI_OSABI] == HERMIT_ELF_OSABI);
	CHECK(built_image_phdr(&sealed, BUILT_KERNEL)->p_vaddr == 0x100000);
	CHECK(built_image_phdr(&sealed, BUILT_KERNEL)->p_paddr == 0x100000);
	CHECK(built_image_phdr(&sealed, BUILT_BSS)->p_type == HERMIT_PT_BSS);
	CHECK(built_image_phdr(&sealed, BUILT_TLS)->p_type == PT_NULL);
	CHECK(built_image_phdr(&sealed, BUILT_STACK)->p_type == PT_GNU_STACK);
	CHECK(memcmp(built_image_phdr(&sealed, BUILT_APP), built_image_phdr(&linked, BUILT_APP),
		     sizeof(Elf64_Phdr)) == 0);

	CHECK(image_seal(path, &reason) == 0);
	load(&again);
	CHECK(memcmp(&again, &sealed, sizeof(again)) == 0);

	/* All but the empty header comes back. */
	CHECK(image_unseal(path, &reason) == 0 && image_unseal(path, &reason) == 0);
	load(&again);
	memset(built_image_phdr(&linked, BUILT_TLS), 0, sizeof(Elf64_Phdr));
	CHECK(memcmp(&again, &linked, sizeof(again)) == 0);
}

static void test_refused(void)
{
	struct built_image image, seen;
	const char *reason;

	built_image_init(&image);
	built_image_phdr(&image, BUILT_KERNEL)->p_vaddr += 4096;
	store(&image);
	CHECK(image_seal(path, &reason) == -ENOEXEC);
	load(&seen);
	CHECK(memcmp(&seen, &image, sizeof(seen)) == 0);

	built_image_init(&image);
	built_image_phdr(&image, BUILT_NOTE)->p_type = PT_NULL;
	store(&image);
	CHECK(image_seal(path, &reason) == -ENOEXEC && image_unseal(path, &reason) == -ENOEXEC);
	load(&seen);
	CHECK(memcmp(&seen, &image, sizeof(seen)) == 0);

	CHECK(image_seal("/nonexistent/image", &reason) == -ENOENT);
}

void test_seal(void)
{
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	test_there_and_back();
	test_refused();
	unlink(path);
}
