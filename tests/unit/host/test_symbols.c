/* SPDX-License-Identifier: BSD-3-Clause */
/* Names for the addresses of a crash report: from this program itself, and from damaged copies of
 * it. */
#include "check.h"

#include <common/symbols.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t value_of(const struct symbols *symbols, const char *name)
{
	for (size_t i = 0; i < symbols->count; i++)
		if (strcmp(symbols->names + symbols->table[i].st_name, name) == 0)
			return symbols->table[i].st_value;
	return 0;
}

static void test_find(void)
{
	struct symbols symbols;
	uint64_t offset;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK(symbols_load(&symbols, fd));
	uint64_t address = value_of(&symbols, "main");
	CHECK(address);
	CHECK_EQ(strcmp(symbols_find(&symbols, address, &offset), "main"), 0);
	CHECK_EQ(offset, 0);
	CHECK_EQ(strcmp(symbols_find(&symbols, address + 3, &offset), "main"), 0);
	CHECK_EQ(offset, 3);
	CHECK(!symbols_find(&symbols, 0, &offset));
	symbols_free(&symbols);
	close(fd);
}

static void check_text(const char *image, const char *text, const char *wanted)
{
	size_t size;
	char *got = symbols_annotate(image, text, strlen(text), &size);
	CHECK(got && size == strlen(wanted) && memcmp(got, wanted, size) == 0);
	free(got);
}

static void test_annotate(void)
{
	struct symbols symbols;
	char text[64], wanted[128];
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK(symbols_load(&symbols, fd));
	close(fd);
	uint64_t address = value_of(&symbols, "main") + 1;
	symbols_free(&symbols);
	snprintf(text, sizeof(text), "at {0x%" PRIx64 "}.\n", address);
	snprintf(wanted, sizeof(wanted), "at %#18" PRIx64 "  main+0x1.\n", address);
	check_text("/proc/self/exe", text, wanted);
	snprintf(wanted, sizeof(wanted), "at %#18" PRIx64 ".\n", address);
	check_text(NULL, text, wanted);
	check_text("/no such image", text, wanted);
	check_text("/etc/passwd", text, wanted);
	/* What only looks like an address stays as it is. */
	check_text(NULL, "", "");
	check_text(NULL, "{", "{");
	check_text(NULL, "{0x", "{0x");
	check_text(NULL, "{0x12", "{0x12");
	check_text(NULL, "{0y12}", "{0y12}");
	check_text(NULL, "{0x11112222333344445555666677778888}",
		   "{0x11112222333344445555666677778888}");
}

/* A report that is nothing but addresses: the first 256 are looked up. */
static void test_many_addresses(void)
{
	static char text[1000 * 5 + 1];
	size_t size;

	for (unsigned i = 0; i < 1000; i++)
		memcpy(text + 5 * i, "{0x1}", 6);
	char *got = symbols_annotate(NULL, text, sizeof(text) - 1, &size);
	CHECK(got && size == 256 * 18 + (1000 - 256) * 5);
	CHECK_EQ(memcmp(got + 255 * 18, "               0x1{0x1}", 23), 0);
	free(got);
}

/* A file with SIZE bytes of DATA. */
static bool loads(const void *data, size_t size)
{
	struct symbols symbols;
	uint64_t offset;
	int fd = memfd_create("image", MFD_CLOEXEC);

	CHECK_EQ(write(fd, data, size), size);
	bool loaded = symbols_load(&symbols, fd);
	if (loaded)
		symbols_find(&symbols, 0x400000, &offset);
	symbols_free(&symbols);
	close(fd);
	return loaded;
}

static void test_damaged(void)
{
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CHECK_EQ(fstat(fd, &st), 0);
	size_t size = (size_t)st.st_size;
	uint8_t *image = malloc(size);
	CHECK_EQ(read(fd, image, size), size);
	close(fd);
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)image;
	Elf64_Shdr *sections = (Elf64_Shdr *)(void *)(image + header->e_shoff);

	CHECK(loads(image, size));
	for (size_t cut = 0; cut < size; cut += size / 97 + 1)
		CHECK(!loads(image, cut));
	for (unsigned i = 0; i < header->e_shnum; i++) {
		if (sections[i].sh_type != SHT_SYMTAB)
			continue;
		Elf64_Shdr good = sections[i];
		sections[i].sh_offset = UINT64_MAX - 10;
		CHECK(!loads(image, size));
		sections[i] = good;
		sections[i].sh_size = UINT64_MAX;
		CHECK(!loads(image, size));
		sections[i] = good;
		sections[i].sh_link = header->e_shnum;
		CHECK(!loads(image, size));
		sections[i].sh_link = 0; /* a section without contents */
		CHECK(!loads(image, size));
		sections[i] = good;
		/* Names beyond the string table. */
		Elf64_Sym *table = (Elf64_Sym *)(void *)(image + good.sh_offset);
		for (size_t j = 0; j < good.sh_size / sizeof(*table); j++)
			table[j].st_name = UINT32_MAX - (uint32_t)j;
		CHECK(loads(image, size));
	}
	header->e_shoff = size - 1;
	CHECK(!loads(image, size));
	free(image);
}

int main(void)
{
	test_find();
	test_annotate();
	test_damaged();
	test_many_addresses();
	return 0;
}
