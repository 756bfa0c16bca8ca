/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checked ELF reader (see elf_image.h). All access to the file goes through source_read(), which
 * refuses ranges outside of it. System V ABI, chapters 4 and 5; notes: elf(5).
 */
#include "elf_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTES_MAX	 65536u /* bytes of one PT_NOTE that are looked at */
#define XEN_NOTE_NAME	 "Xen"
#define XEN_PHYS32_ENTRY 18u /* Xen, public/elfnote.h: XEN_ELFNOTE_PHYS32_ENTRY */

struct source {
	const uint8_t *data; /* NULL: read from fd */
	int fd;
	uint64_t size;
};

static int reject(const char **reason, const char *text)
{
	*reason = text;
	return -ENOEXEC;
}

/* Whether [start, start + length) lies in [0, size). */
static bool in_range(uint64_t start, uint64_t length, uint64_t size)
{
	return start <= size && length <= size - start;
}

static int source_read(const struct source *source, uint64_t offset, void *buffer, size_t length)
{
	uint8_t *to = buffer;

	if (!in_range(offset, length, source->size))
		return -ENOEXEC;
	if (source->data) {
		memcpy(to, source->data + offset, length);
		return 0;
	}
	while (length > 0) {
		ssize_t done = pread(source->fd, to, length, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		if (done == 0)
			return -ENOEXEC; /* it has become shorter */
		to += done;
		offset += (uint64_t)done;
		length -= (size_t)done;
	}
	return 0;
}

static int parse_header(struct elf_image *image, const struct source *source, const char **reason)
{
	Elf64_Ehdr header;

	if (source->size < sizeof(header) || source_read(source, 0, &header, sizeof(header)) != 0)
		return reject(reason, "too short for an ELF file");
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return reject(reason, "not an ELF file");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_ident[EI_VERSION] != EV_CURRENT || header.e_machine != EM_X86_64)
		return reject(reason, "not an ELF file for x86-64");
	if (header.e_type != ET_EXEC)
		return reject(reason, "not a static executable at a fixed address");
	if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
	    header.e_phnum > ELF_IMAGE_PHDRS_MAX)
		return reject(reason, "bad number or size of program headers");
	image->size = source->size;
	image->entry = header.e_entry;
	image->osabi = header.e_ident[EI_OSABI];
	image->phoff = header.e_phoff;
	image->phnum = header.e_phnum;
	if (source_read(source, header.e_phoff, image->phdr, header.e_phnum * sizeof(Elf64_Phdr)) !=
	    0)
		return reject(reason, "program headers outside of the file");
	return 0;
}

static int check_segments(const struct elf_image *image, const char **reason)
{
	for (uint32_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *ph = &image->phdr[i];

		if (ph->p_type == PT_NULL)
			continue;
		if (!in_range(ph->p_offset, ph->p_filesz, image->size))
			return reject(reason, "segment outside of the file");
		if (ph->p_type != PT_LOAD && ph->p_type != HERMIT_PT_BSS)
			continue;
		if (ph->p_filesz > ph->p_memsz)
			return reject(reason, "segment larger in the file than in memory");
		if (ph->p_memsz > UINT64_MAX - ph->p_vaddr ||
		    ph->p_memsz > UINT64_MAX - ph->p_paddr)
			return reject(reason, "segment at an impossible address");
	}
	return 0;
}

bool elf_image_is_loaded(const struct elf_image *image, uint64_t paddr)
{
	for (uint32_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *ph = &image->phdr[i];

		if (ph->p_type == PT_LOAD && paddr >= ph->p_paddr &&
		    paddr - ph->p_paddr < ph->p_filesz)
			return true;
	}
	return false;
}

static void take_note(struct elf_image *image, const Elf64_Nhdr *note, const char *name,
		      const uint8_t *desc)
{
	if (note->n_namesz == sizeof(HERMIT_NOTE_NAME) && note->n_type == HERMIT_NOTE_TYPE &&
	    memcmp(name, HERMIT_NOTE_NAME, sizeof(HERMIT_NOTE_NAME)) == 0 &&
	    note->n_descsz >= sizeof(image->note)) {
		memcpy(&image->note, desc, sizeof(image->note));
		image->has_note = true;
	}
	if (note->n_namesz == sizeof(XEN_NOTE_NAME) && note->n_type == XEN_PHYS32_ENTRY &&
	    memcmp(name, XEN_NOTE_NAME, sizeof(XEN_NOTE_NAME)) == 0 &&
	    (note->n_descsz == 4 || note->n_descsz == 8)) {
		image->pvh_entry = 0;
		memcpy(&image->pvh_entry, desc, note->n_descsz); /* little-endian */
		image->has_pvh = elf_image_is_loaded(image, image->pvh_entry);
	}
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* Walks the notes in bytes[0, size). Name and descriptor are padded to align, 4 or 8. */
static void parse_notes(struct elf_image *image, const uint8_t *bytes, uint64_t size,
			uint64_t align)
{
	uint64_t at = 0;

	while (in_range(at, sizeof(Elf64_Nhdr), size)) {
		Elf64_Nhdr note;
		uint64_t name, desc;

		memcpy(&note, bytes + at, sizeof(note));
		/* 32-bit sizes on top of at most NOTES_MAX: no overflow. */
		name = at + sizeof(note);
		desc = align_up(name + note.n_namesz, align);
		if (!in_range(name, note.n_namesz, size) || !in_range(desc, note.n_descsz, size))
			return;
		take_note(image, &note, (const char *)bytes + name, bytes + desc);
		at = align_up(desc + note.n_descsz, align);
	}
}

static int read_notes(struct elf_image *image, const struct source *source, const char **reason)
{
	uint8_t *bytes = malloc(NOTES_MAX);

	if (!bytes) {
		*reason = "out of memory";
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < image->phnum; i++) {
		const Elf64_Phdr *ph = &image->phdr[i];
		int error;

		if (ph->p_type != PT_NOTE || ph->p_filesz > NOTES_MAX)
			continue;
		error = source_read(source, ph->p_offset, bytes, ph->p_filesz);
		if (error) {
			free(bytes);
			*reason = "cannot read the notes";
			return error;
		}
		parse_notes(image, bytes, ph->p_filesz, ph->p_align == 8 ? 8 : 4);
	}
	free(bytes);
	return 0;
}

static int parse(struct elf_image *image, const struct source *source, const char **reason)
{
	int error;

	memset(image, 0, sizeof(*image));
	error = parse_header(image, source, reason);
	if (!error)
		error = check_segments(image, reason);
	if (!error)
		error = read_notes(image, source, reason);
	return error;
}

int elf_image_parse_fd(struct elf_image *image, int fd, const char **reason)
{
	struct source source = {.fd = fd};
	struct stat st;

	if (fstat(fd, &st) != 0) {
		*reason = "cannot find out its size";
		return -errno;
	}
	if (!S_ISREG(st.st_mode))
		return reject(reason, "not a regular file");
	source.size = (uint64_t)st.st_size;
	return parse(image, &source, reason);
}

int elf_image_parse_memory(struct elf_image *image, const void *data, size_t size,
			   const char **reason)
{
	struct source source = {.data = data, .fd = -1, .size = size};

	return parse(image, &source, reason);
}

bool elf_image_is_hermit(const struct elf_image *image)
{
	return image->has_note && image->has_pvh;
}

bool elf_image_is_sealed(const struct elf_image *image)
{
	return elf_image_is_hermit(image) && image->osabi == HERMIT_ELF_OSABI;
}
