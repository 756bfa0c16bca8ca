/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See image_seal.h. Decode first, then write: the new headers are complete before the file is
 * touched.
 */
#include "image_seal.h"

#include <common/elf_image.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static bool is_empty(const Elf64_Phdr *ph)
{
	return ph->p_filesz == 0 && ph->p_memsz == 0 && ph->p_type != PT_GNU_STACK;
}

static int seal_headers(struct elf_image *image, const char **reason)
{
	for (uint32_t i = 0; i < image->phnum; i++) {
		Elf64_Phdr *ph = &image->phdr[i];

		if (is_empty(ph)) {
			memset(ph, 0, sizeof(*ph)); /* PT_NULL */
		} else if (ph->p_type == PT_LOAD && ph->p_vaddr >= HERMIT_KERNEL_BASE) {
			if (ph->p_vaddr - HERMIT_KERNEL_BASE != ph->p_paddr) {
				*reason = "kernel segment at a wrong address";
				return -ENOEXEC;
			}
			ph->p_vaddr = ph->p_paddr;
		} else if (ph->p_type == PT_LOAD && ph->p_filesz == 0) {
			ph->p_type = HERMIT_PT_BSS;
		}
	}
	image->osabi = HERMIT_ELF_OSABI;
	return 0;
}

static int unseal_headers(struct elf_image *image, const char **reason)
{
	(void)reason;
	for (uint32_t i = 0; i < image->phnum; i++) {
		Elf64_Phdr *ph = &image->phdr[i];

		/* hermit.ld keeps the application's two addresses apart, so these are the kernel's.
		 */
		if (ph->p_type == PT_LOAD && ph->p_vaddr == ph->p_paddr)
			ph->p_vaddr = ph->p_paddr + HERMIT_KERNEL_BASE;
		else if (ph->p_type == HERMIT_PT_BSS)
			ph->p_type = PT_LOAD;
	}
	image->osabi = ELFOSABI_NONE;
	return 0;
}

static int write_at(int fd, const void *data, size_t size, uint64_t offset)
{
	ssize_t done = pwrite(fd, data, size, (off_t)offset);

	if (done < 0)
		return -errno;
	return (size_t)done == size ? 0 : -EIO;
}

static int write_headers(int fd, const struct elf_image *image)
{
	int error = write_at(fd, image->phdr, image->phnum * sizeof(image->phdr[0]), image->phoff);

	if (error)
		return error;
	return write_at(fd, &image->osabi, 1, EI_OSABI);
}

static int change(const char *path, const char **reason,
		  int (*change_headers)(struct elf_image *, const char **))
{
	struct elf_image image;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int error;

	if (fd < 0) {
		error = -errno;
		*reason = strerror(-error);
		return error;
	}
	error = elf_image_parse_fd(&image, fd, reason);
	if (!error && !elf_image_is_hermit(&image)) {
		*reason = "not a HermitCore image";
		error = -ENOEXEC;
	}
	if (!error)
		error = change_headers(&image, reason);
	if (!error) {
		error = write_headers(fd, &image);
		if (error)
			*reason = strerror(-error);
	}
	if (close(fd) != 0 && !error) {
		error = -errno;
		*reason = strerror(-error);
	}
	return error;
}

int image_seal(const char *path, const char **reason)
{
	return change(path, reason, seal_headers);
}

int image_unseal(const char *path, const char **reason)
{
	return change(path, reason, unseal_headers);
}
