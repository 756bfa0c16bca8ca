/* SPDX-License-Identifier: BSD-3-Clause */
/* Symbol table of an image, and crash reports with names (symbols.h). */
#include "symbols.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_SIZE_MAX (256u << 20)

/* An image may bring millions of symbols with names of any length, and its report may be nothing
 * but addresses: what one report costs has a limit. */
#define ADDRESSES_MAX  256u
#define NAME_MAX_SHOWN 400

/* SIZE bytes at OFFSET, which must lie in the file. Memory from malloc, or NULL. */
static void *read_part(int fd, uint64_t file_size, uint64_t offset, uint64_t size)
{
	if (!size || size > TABLE_SIZE_MAX || offset > file_size || size > file_size - offset)
		return NULL;
	char *data = malloc(size);
	size_t done = 0;
	while (data && done < size) {
		ssize_t got = pread(fd, data + done, size - done, (off_t)(offset + done));
		if (got <= 0) {
			free(data);
			return NULL;
		}
		done += (size_t)got;
	}
	return data;
}

static bool load_tables(struct symbols *symbols, int fd, uint64_t file_size,
			const Elf64_Shdr *sections, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const Elf64_Shdr *s = &sections[i];
		if (s->sh_type != SHT_SYMTAB || s->sh_link >= count)
			continue;
		const Elf64_Shdr *names = &sections[s->sh_link];
		symbols->table = read_part(fd, file_size, s->sh_offset, s->sh_size);
		symbols->names = read_part(fd, file_size, names->sh_offset, names->sh_size);
		if (!symbols->table || !symbols->names)
			return false;
		symbols->count = s->sh_size / sizeof(Elf64_Sym);
		symbols->names_size = names->sh_size;
		symbols->names[names->sh_size - 1] = '\0';
		return true;
	}
	return false;
}

bool symbols_load(struct symbols *symbols, int fd)
{
	struct stat st;
	memset(symbols, 0, sizeof(*symbols));
	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(Elf64_Ehdr))
		return false;
	uint64_t size = (uint64_t)st.st_size;
	Elf64_Ehdr *header = read_part(fd, size, 0, sizeof(*header));
	Elf64_Shdr *sections = NULL;
	if (header && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	    header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_shentsize == sizeof(Elf64_Shdr))
		sections = read_part(fd, size, header->e_shoff,
				     (uint64_t)header->e_shnum * sizeof(Elf64_Shdr));
	bool loaded = sections && load_tables(symbols, fd, size, sections, header->e_shnum);
	if (!loaded)
		symbols_free(symbols);
	free(sections);
	free(header);
	return loaded;
}

void symbols_free(struct symbols *symbols)
{
	free(symbols->table);
	free(symbols->names);
	memset(symbols, 0, sizeof(*symbols));
}

const char *symbols_find(const struct symbols *symbols, uint64_t address, uint64_t *offset)
{
	const Elf64_Sym *best = NULL;
	for (size_t i = 0; i < symbols->count; i++) {
		const Elf64_Sym *s = &symbols->table[i];
		unsigned type = ELF64_ST_TYPE(s->st_info);
		if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
		    s->st_shndx == SHN_UNDEF || s->st_name >= symbols->names_size ||
		    !symbols->names[s->st_name] || address < s->st_value)
			continue;
		/* Assembly functions may have no size: nearest one before counts. */
		if (s->st_size && address - s->st_value >= s->st_size)
			continue;
		if (!best || s->st_value > best->st_value ||
		    (s->st_value == best->st_value && s->st_size))
			best = s;
	}
	if (!best)
		return NULL;
	*offset = address - best->st_value;
	return symbols->names + best->st_name;
}

static void annotate_one(const struct symbols *symbols, uint64_t address, FILE *out)
{
	uint64_t offset;
	const char *name = symbols_find(symbols, address, &offset);
	fprintf(out, "%#18" PRIx64, address);
	if (name)
		fprintf(out, "  %.*s+%#" PRIx64, NAME_MAX_SHOWN, name, offset);
}

/* The end of an address "{0x1234}" that TEXT begins with, SIZE bytes; NULL: it does not. */
static const char *address_end(const char *text, size_t size)
{
	if (size <= 4 || memcmp(text, "{0x", 3) != 0)
		return NULL;
	return memchr(text, '}', size < 24 ? size : 24);
}

static uint64_t address_value(const char *from, const char *end)
{
	const char *digits = "0123456789abcdef";
	uint64_t address = 0;

	for (; from < end; from++) {
		const char *digit = strchr(digits, *from);
		address = address << 4 | (digit && *from ? (uint64_t)(digit - digits) : 0);
	}
	return address;
}

static void annotate(const struct symbols *symbols, const char *text, size_t size, FILE *out)
{
	const char *end = text + size, *from = text, *brace = text;
	unsigned addresses = 0;

	while (addresses < ADDRESSES_MAX && (brace = memchr(brace, '{', (size_t)(end - brace)))) {
		const char *close = address_end(brace, (size_t)(end - brace));
		if (!close) {
			brace++;
			continue;
		}
		fwrite(from, 1, (size_t)(brace - from), out);
		annotate_one(symbols, address_value(brace + 3, close), out);
		addresses++;
		from = brace = close + 1;
	}
	fwrite(from, 1, (size_t)(end - from), out);
}

char *symbols_annotate(const char *image_path, const char *text, size_t size, size_t *out_size)
{
	struct symbols symbols = {0};
	char *result = NULL;
	FILE *out = open_memstream(&result, out_size);
	if (!out)
		return NULL;
	int fd = image_path ? open(image_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd >= 0) {
		symbols_load(&symbols, fd);
		close(fd);
	}
	annotate(&symbols, text, size, out);
	symbols_free(&symbols);
	if (fclose(out)) {
		free(result);
		return NULL;
	}
	return result;
}
