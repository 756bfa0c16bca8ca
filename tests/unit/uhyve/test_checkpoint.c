/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file format of checkpoints: what was written comes back; what is cut off or changed, each bit
 * of it, is refused; memory comes back from full and incremental files; tables that lie are
 * refused.
 */
#include "common/checkpoint_file.h"
#include "uhyve/memory_image.h"

#include "check.h"

#include <abi/process.h>
#include <errno.h>
#include <fcntl.h>
#include <hermit/checkpoint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(HERMIT_CHECKPOINT_CALL == HERMIT_NR_CHECKPOINT, "what applications call");

#define PAGE   GUEST_MEM_PAGE
#define MEMORY (4u << 20)

static struct blob make_file(void)
{
	struct checkpoint_writer writer = {0};
	struct blob file = {0};
	struct blob *out = checkpoint_section_begin(&writer, CHECKPOINT_PLACE, 0);

	blob_put_string(out, "a place");
	blob_put_u64(out, 77);
	checkpoint_section_begin(&writer, CHECKPOINT_VCPU, 0);
	out = checkpoint_section_begin(&writer, CHECKPOINT_VCPU, 1);
	blob_put(out, NULL, 100);
	CHECK_EQ(checkpoint_writer_finish(&writer, &file), 0);
	checkpoint_writer_destroy(&writer);
	return file;
}

static void test_container(void)
{
	struct blob file = make_file();
	struct checkpoint_reader reader;
	struct blob_reader in;
	const char *reason;

	CHECK_EQ(checkpoint_reader_open(&reader, file.data, file.size, &reason), 0);
	CHECK(checkpoint_reader_find(&reader, CHECKPOINT_PLACE, 0, &in));
	char *text = blob_get_string(&in, 7);
	CHECK(text && strcmp(text, "a place") == 0);
	free(text);
	CHECK_EQ(blob_get_u64(&in), 77);
	CHECK(blob_is_done(&in));
	CHECK_EQ(blob_get_u32(&in), 0);
	CHECK(in.failed);
	CHECK(checkpoint_reader_find(&reader, CHECKPOINT_VCPU, 0, &in) && in.left == 0);
	CHECK(checkpoint_reader_find(&reader, CHECKPOINT_VCPU, 1, &in) && in.left == 100);
	CHECK(!checkpoint_reader_find(&reader, CHECKPOINT_VCPU, 2, &in) && in.failed);
	blob_destroy(&file);
}

static void test_strings(void)
{
	struct blob blob = {0};
	blob_put_string(&blob, "eight ch");
	struct blob_reader in = {.at = blob.data, .left = blob.size};
	CHECK(!blob_get_string(&in, 7) && in.failed);
	blob.data[6] = 0;
	in = (struct blob_reader){.at = blob.data, .left = blob.size};
	CHECK(!blob_get_string(&in, 100));
	in = (struct blob_reader){.at = blob.data, .left = blob.size - 1};
	CHECK(!blob_get_string(&in, 100));
	blob_destroy(&blob);
}

/* In a block of exactly its size, so that the sanitizer sees what is read behind it. */
static int open_copy(const uint8_t *data, size_t size, const char **reason)
{
	struct checkpoint_reader reader;
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	int err = checkpoint_reader_open(&reader, copy, size, reason);
	free(copy);
	return err;
}

static void test_damage(void)
{
	struct blob file = make_file();
	const char *reason = "";

	for (size_t size = 0; size < file.size; size++)
		CHECK_EQ(open_copy(file.data, size, &reason), -EINVAL);
	CHECK(strcmp(reason, "is cut off") == 0);
	for (size_t bit = 0; bit < file.size * 8; bit++) {
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		CHECK_EQ(open_copy(file.data, file.size, &reason), -EINVAL);
		file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	file.data[offsetof(struct checkpoint_header, version)]++;
	CHECK_EQ(open_copy(file.data, file.size, &reason), -EINVAL);
	CHECK(strcmp(reason, "is of another version") == 0);
	blob_destroy(&file);
}

struct tables {
	struct blob extents, files;
};

static void put_tables(struct tables *tables, const struct memory_image *image)
{
	blob_destroy(&tables->extents);
	blob_destroy(&tables->files);
	memory_image_put_extents(image, &tables->extents);
	memory_image_put_files(image, &tables->files);
}

/* A new memory with what the tables say; 0 or an error. */
static int load(const struct tables *tables, int dir_fd, bool verify, struct guest_mem *mem)
{
	struct blob_reader extents = {.at = tables->extents.data, .left = tables->extents.size};
	struct blob_reader files = {.at = tables->files.data, .left = tables->files.size};
	struct memory_image image;
	struct uhyve_error error;

	CHECK_EQ(guest_mem_create(mem, MEMORY, MEMORY), 0);
	CHECK_EQ(memory_image_init(&image, mem, &error), 0);
	int err = memory_image_get(&image, &extents, &files, &error);
	if (!err)
		err = memory_image_map(&image, dir_fd, verify, &error);
	memory_image_destroy(&image);
	return err;
}

static void check_loaded(const struct tables *tables, int dir_fd, const struct guest_mem *expected)
{
	struct guest_mem mem;

	for (int verify = 0; verify < 2; verify++) {
		CHECK_EQ(load(tables, dir_fd, verify, &mem), 0);
		CHECK(memcmp(mem.base, expected->base, MEMORY) == 0);
		/* What is written there stays there. */
		memset(mem.base, 0x55, MEMORY);
		guest_mem_destroy(&mem);
	}
}

static void change(struct memory_image *image, uint64_t page, uint8_t value)
{
	memset(image->mem->base + page * PAGE, value, PAGE);
	image->dirty[page / 64] |= 1ull << page % 64;
}

static void test_memory(int dir_fd, struct tables *tables)
{
	struct guest_mem mem;
	struct memory_image image;
	struct uhyve_error error;

	CHECK_EQ(guest_mem_create(&mem, MEMORY, MEMORY), 0);
	CHECK_EQ(memory_image_init(&image, &mem, &error), 0);
	CHECK(memory_image_wants_all(&image));
	for (uint64_t page = 0; page < 500; page += page % 7 == 3 ? 5 : 1)
		memset(mem.base + page * PAGE, (int)(page % 255 + 1), PAGE);
	CHECK_EQ(memory_image_write(&image, dir_fd, 1, true, &error), 0);
	put_tables(tables, &image);
	check_loaded(tables, dir_fd, &mem);
	/* New pages, changed ones, and some that have become zero. */
	for (uint64_t round = 0; round < 3; round++) {
		memset(image.dirty, 0, MEMORY / PAGE / 8);
		for (uint64_t page = round; page < 600; page += 41)
			change(&image, page, (uint8_t)(page % 3 ? page + round : 0));
		CHECK(!memory_image_wants_all(&image));
		CHECK_EQ(memory_image_write(&image, dir_fd, 2 + round, false, &error), 0);
		put_tables(tables, &image);
		check_loaded(tables, dir_fd, &mem);
	}
	CHECK(memory_image_needs(&image, 1) && memory_image_needs(&image, 4));
	CHECK(!memory_image_needs(&image, 5));
	memory_image_destroy(&image);
	guest_mem_destroy(&mem);
}

/* The files of memory, damaged and repaired. */
static void test_damaged_memory(int dir_fd, const struct tables *tables)
{
	struct guest_mem mem;
	uint8_t byte;
	int fd = openat(dir_fd, "memory-1", O_RDWR);
	off_t size = lseek(fd, 0, SEEK_END);

	CHECK(size > PAGE && pread(fd, &byte, 1, size / 2) == 1);
	byte ^= 1;
	CHECK_EQ(pwrite(fd, &byte, 1, size / 2), 1);
	CHECK_EQ(load(tables, dir_fd, true, &mem), -EINVAL);
	guest_mem_destroy(&mem);
	CHECK_EQ(load(tables, dir_fd, false, &mem), 0);
	guest_mem_destroy(&mem);
	CHECK_EQ(ftruncate(fd, size - PAGE), 0);
	CHECK_EQ(load(tables, dir_fd, false, &mem), -EINVAL);
	guest_mem_destroy(&mem);
	CHECK_EQ(ftruncate(fd, size + PAGE), 0);
	CHECK_EQ(load(tables, dir_fd, false, &mem), -EINVAL);
	guest_mem_destroy(&mem);
	close(fd);
	CHECK_EQ(unlinkat(dir_fd, "memory-1", 0), 0);
	CHECK_EQ(load(tables, dir_fd, false, &mem), -EINVAL);
	guest_mem_destroy(&mem);
}

/* page, count, page in the file, file: one extent, of a file with 4 pages. */
static int load_extents(const uint64_t (*list)[4], size_t count)
{
	struct tables tables = {0};
	struct guest_mem mem;
	const struct memory_file file = {.number = 9, .pages = 4};

	for (size_t i = 0; i < count; i++) {
		for (int j = 0; j < 3; j++)
			blob_put_u64(&tables.extents, list[i][j]);
		blob_put_u64(&tables.extents, list[i][3]);
	}
	blob_put(&tables.files, &file, sizeof(file));
	int err = load(&tables, -1, false, &mem);
	guest_mem_destroy(&mem);
	blob_destroy(&tables.extents);
	blob_destroy(&tables.files);
	return err;
}

static void test_lies(void)
{
	static const uint64_t pages = MEMORY / PAGE;
	const uint64_t bad[][4] = {
		{pages, 1, 0, 0},      {pages - 1, 2, 0, 0},  {0, UINT64_MAX, 0, 0},
		{UINT64_MAX, 2, 0, 0}, {0, 5, 0, 0},	      {0, 1, 4, 0},
		{0, 4, 1, 0},	       {0, 1, UINT64_MAX, 0}, {0, 2, UINT64_MAX, 0},
		{0, 1, 0, 1},	       {0, 1, 0, UINT32_MAX}, {0, 0, 0, 0},
	};
	const uint64_t overlap[][4] = {{8, 2, 0, 0}, {9, 1, 0, 0}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(load_extents(&bad[i], 1), -EINVAL);
	CHECK_EQ(load_extents(overlap, 2), -EINVAL);
}

int main(void)
{
	char folder[] = "checkpoint-XXXXXX";
	struct tables tables = {0};

	test_container();
	test_strings();
	test_damage();
	test_lies();
	CHECK(mkdtemp(folder));
	int dir_fd = open(folder, O_RDONLY | O_DIRECTORY);
	test_memory(dir_fd, &tables);
	test_damaged_memory(dir_fd, &tables);
	for (int i = 2; i <= 4; i++) {
		char name[MEMORY_NAME_MAX];
		memory_image_name((uint64_t)i, name);
		CHECK_EQ(unlinkat(dir_fd, name, 0), 0);
	}
	close(dir_fd);
	CHECK_EQ(rmdir(folder), 0);
	blob_destroy(&tables.extents);
	blob_destroy(&tables.files);
	return 0;
}
