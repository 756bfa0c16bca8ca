/* SPDX-License-Identifier: BSD-3-Clause */
/* Mapped objects: private, shared, cut while they are mapped, and what another thread may do while
 * a fault waits for the host. */
#include "vm_host.h"

#include <arch/trap.h>
#include <asm/mman.h>
#include <lib/compiler.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <mm/frame.h>
#include <string.h>

#define RW	   (PROT_READ | PROT_WRITE)
#define FILE_PAGES 40u

/* A file of FILE_PAGES pages or less whose word I of page P is P * 1000 + I + 1. */
static struct {
	struct vm_object object;
	uint64_t size;
	paddr_t cache[FILE_PAGES];
	bool dirty[FILE_PAGES];
	unsigned reads, released, synced;
	void (*during_read)(void);
} file;

static uint64_t file_word(uint64_t page, uint64_t word)
{
	return page * 1000 + word + 1;
}

static void fill_page(paddr_t frame, uint64_t index)
{
	uint64_t *words = mm_phys_to_virt(frame);

	for (unsigned i = 0; i < 512; i++)
		words[i] = (index * 512 + i) * 8 < file.size ? file_word(index, i) : 0;
}

static int64_t file_read(struct vm_object *object, uint64_t offset, paddr_t frame, size_t size)
{
	CHECK(object == &file.object && host_locks_held == 0);
	file.reads++;
	for (size_t i = 0; i < size / PAGE_SIZE; i++)
		fill_page(frame + i * PAGE_SIZE, offset / PAGE_SIZE + i);
	if (file.during_read)
		file.during_read();
	return offset >= file.size ? 0 : (int64_t)MIN(size, file.size - offset);
}

static int file_get_page(struct vm_object *object, uint64_t index, paddr_t *frame)
{
	CHECK(object == &file.object && host_locks_held == 0);
	file.reads++;
	if (index * PAGE_SIZE >= file.size)
		return -EIO;
	if (!file.cache[index]) {
		file.cache[index] = mm_frame_alloc(0, 0);
		fill_page(file.cache[index], index);
	}
	*frame = file.cache[index];
	if (file.during_read)
		file.during_read();
	return 0;
}

static void file_page_dirty(struct vm_object *object, uint64_t index)
{
	CHECK(object == &file.object && host_locks_held == 1);
	file.dirty[index] = true;
}

static int file_sync(struct vm_object *object, uint64_t index, uint64_t count)
{
	CHECK(object == &file.object && host_locks_held == 0);
	for (uint64_t i = index; i < MIN(index + count, FILE_PAGES); i++) {
		file.synced += file.dirty[i];
		file.dirty[i] = false;
	}
	return 0;
}

static void file_release(struct vm_object *object)
{
	CHECK(object == &file.object && host_locks_held == 0);
	for (unsigned i = 0; i < FILE_PAGES; i++) {
		if (file.cache[i])
			mm_frame_free(file.cache[i], 0);
		file.cache[i] = 0;
	}
	file.released++;
}

static const struct vm_object_ops file_ops = {
	.read = file_read,
	.get_page = file_get_page,
	.page_dirty = file_page_dirty,
	.sync = file_sync,
	.release = file_release,
};

static void file_start(uint64_t size)
{
	memset(&file, 0, sizeof(file));
	file.size = size;
	vm_object_init(&file.object, &file_ops);
}

static long map_file(size_t size, unsigned prot, unsigned flags, uint64_t offset)
{
	return vm_map(&(struct vm_map_request){
		.size = size,
		.prot = prot,
		.flags = flags,
		.object = &file.object,
		.offset = offset,
	});
}

static void private_file(void)
{
	uintptr_t map;

	file_start(20 * PAGE_SIZE + 80);
	map = (uintptr_t)map_file(30 * PAGE_SIZE, RW, 0, PAGE_SIZE);
	vm_object_put(&file.object);
	CHECK_EQ(file.released, 0);
	for (unsigned i = 0; i < 20; i++)
		CHECK_EQ(vm_host_word(map + i * PAGE_SIZE + 8), file_word(i + 1, 1));
	CHECK(file.reads < 10);				      /* several pages at a time */
	CHECK_EQ(vm_host_word(map + 19 * PAGE_SIZE + 80), 0); /* behind the end, same page */
	CHECK_EQ(vm_host_read_error(map + 20 * PAGE_SIZE), -EIO);
	CHECK_EQ(vm_host_write(map, 7), 0);
	CHECK_EQ(vm_host_word(map), 7);
	CHECK_EQ(vm_advise(map, PAGE_SIZE, MADV_DONTNEED), 0);
	CHECK_EQ(vm_host_word(map), file_word(1, 0)); /* the file's content again */
	CHECK_EQ(vm_unmap(map + 2 * PAGE_SIZE, PAGE_SIZE), 0);
	CHECK_EQ(vm_host_word(map + 3 * PAGE_SIZE), file_word(4, 0));
	vm_host_check_figures();
	CHECK_EQ(vm_unmap(map, 10 * PAGE_SIZE), 0);
	CHECK_EQ(vm_host_word(map + 12 * PAGE_SIZE), file_word(13, 0));
	CHECK_EQ(vm_unmap(map, 30 * PAGE_SIZE), 0);
	CHECK_EQ(file.released, 1);
}

/* Parts and grown mappings show the right pages. */
static void offsets(void)
{
	struct vm_area_info info;
	uintptr_t map;

	file_start(FILE_PAGES * PAGE_SIZE);
	map = (uintptr_t)map_file(16 * PAGE_SIZE, PROT_READ, 0, 2 * PAGE_SIZE);
	CHECK_EQ(vm_unmap(map + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	CHECK_EQ(vm_protect(map + 6 * PAGE_SIZE, PAGE_SIZE, RW), 0);
	CHECK_EQ(vm_host_word(map + 4 * PAGE_SIZE), file_word(6, 0));
	CHECK_EQ(vm_host_word(map + 6 * PAGE_SIZE), file_word(8, 0));
	CHECK_EQ(vm_host_word(map + 15 * PAGE_SIZE), file_word(17, 0));
	CHECK_EQ(vm_protect(map + 6 * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	CHECK(vm_area_next(map + 4 * PAGE_SIZE, &info) && info.offset == 6 * PAGE_SIZE);
	vm_object_put(info.object);
	CHECK_EQ(vm_unmap(map, 16 * PAGE_SIZE), 0);
	map = (uintptr_t)map_file(4 * PAGE_SIZE, PROT_READ, 0, 2 * PAGE_SIZE);
	map = (uintptr_t)vm_remap(map, 4 * PAGE_SIZE, 20 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
	CHECK_EQ(vm_host_word(map + 18 * PAGE_SIZE), file_word(20, 0));
	map = (uintptr_t)vm_remap(map, 20 * PAGE_SIZE, 8 * PAGE_SIZE, 0, 0);
	CHECK_EQ(vm_remap(map, 8 * PAGE_SIZE, 12 * PAGE_SIZE, 0, 0), map);   /* in place */
	CHECK(vm_area_next(map, &info) && info.end == map + 12 * PAGE_SIZE); /* one area */
	vm_object_put(info.object);
	CHECK_EQ(vm_host_word(map + 11 * PAGE_SIZE), file_word(13, 0));
	CHECK_EQ(vm_unmap(map, 12 * PAGE_SIZE), 0);
	vm_object_put(&file.object);
	CHECK_EQ(file.released, 1);
}

static void shared_file(void)
{
	uintptr_t map, other;

	file_start(8 * PAGE_SIZE);
	map = (uintptr_t)map_file(8 * PAGE_SIZE, RW, VM_SHARED, 0);
	other = (uintptr_t)map_file(4 * PAGE_SIZE, PROT_READ, VM_SHARED | VM_NOWRITE,
				    2 * PAGE_SIZE);
	CHECK_EQ(vm_host_word(map + 2 * PAGE_SIZE), file_word(2, 0));
	CHECK_EQ(vm_host_write(map + 2 * PAGE_SIZE, 99), 0);
	CHECK_EQ(vm_host_word(other), 99);
	CHECK_EQ(vm_host_write(other, 1), -EACCES);
	CHECK_EQ(vm_protect(other, PAGE_SIZE, RW), -EACCES);
	CHECK_EQ(vm_host_word(map), file_word(0, 0));
	CHECK_EQ(vm_host_write(map + 5 * PAGE_SIZE, 5), 0);
	CHECK_EQ(vm_sync(map + 4 * PAGE_SIZE, 4 * PAGE_SIZE, MS_SYNC), 0);
	CHECK_EQ(file.synced, 1);
	CHECK_EQ(vm_sync(map, 8 * PAGE_SIZE, MS_SYNC | MS_INVALIDATE), 0);
	CHECK_EQ(vm_sync(map, PAGE_SIZE, MS_SYNC | MS_ASYNC), -EINVAL);
	CHECK_EQ(vm_sync(map + 1, PAGE_SIZE, MS_SYNC), -EINVAL);
	CHECK_EQ(vm_sync(map, 9 * PAGE_SIZE, MS_ASYNC), map + 8 * PAGE_SIZE == other ? 0 : -ENOMEM);
	vm_host_check_figures();
	CHECK_EQ(vm_host_write(map + 6 * PAGE_SIZE, 5), 0);
	memset(file.dirty, 0, sizeof(file.dirty));
	CHECK_EQ(vm_unmap(map, 8 * PAGE_SIZE), 0);
	CHECK(file.dirty[6] && !file.dirty[0]); /* unmapping tells the object what was written */
	CHECK_EQ(vm_unmap(other, 4 * PAGE_SIZE), 0);
	CHECK_EQ(file.released, 0);
	vm_object_put(&file.object);
	CHECK_EQ(file.released, 1);
}

/* The file gets shorter while it is mapped. */
static void cut_file(void)
{
	uintptr_t shared, private;

	file_start(10 * PAGE_SIZE);
	shared = (uintptr_t)map_file(10 * PAGE_SIZE, RW, VM_SHARED, 0);
	private = (uintptr_t)map_file(10 * PAGE_SIZE, RW, 0, 0);
	for (unsigned i = 0; i < 10; i++) {
		CHECK_EQ(vm_host_write(shared + i * PAGE_SIZE, i), 0);
		CHECK_EQ(vm_host_write(private + i * PAGE_SIZE, i), 0);
	}
	file.size = 4 * PAGE_SIZE;
	vm_object_unmap(&file.object, 4);
	CHECK_EQ(vm_host_word(shared + 3 * PAGE_SIZE), 3);
	CHECK_EQ(vm_host_word(private + 3 * PAGE_SIZE), 3);
	CHECK_EQ(vm_host_read_error(shared + 4 * PAGE_SIZE), -EIO);
	CHECK_EQ(vm_host_read_error(private + 4 * PAGE_SIZE), -EIO);
	vm_host_check_figures();
	CHECK_EQ(vm_unmap(shared, 10 * PAGE_SIZE), 0);
	CHECK_EQ(vm_unmap(private, 10 * PAGE_SIZE), 0);
	vm_object_put(&file.object);
}

static uintptr_t race_address;

static void race_unmap(void)
{
	file.during_read = NULL;
	CHECK_EQ(vm_unmap(race_address, 16 * PAGE_SIZE), 0);
}

static void race_fault(void)
{
	file.during_read = NULL;
	CHECK_EQ(vm_host_read_error(race_address), 0);
	CHECK_EQ(vm_host_write(race_address, 1234), 0);
}

static void race_cut(void)
{
	file.during_read = NULL;
	file.size = 0;
	vm_object_unmap(&file.object, 0);
}

static void race_replace(void)
{
	file.during_read = NULL;
	CHECK_EQ(vm_host_map(race_address, 16 * PAGE_SIZE, RW, 0, VM_MAP_FIXED), race_address);
}

/* What another thread may do while a fault waits for the host. */
static void races(unsigned flags)
{
	static const struct {
		void (*action)(void);
		int error;
		uint64_t value;
	} cases[] = {{race_unmap, -EFAULT, 0},
		     {race_fault, 0, 1234},
		     {race_cut, -EIO, 0},
		     {race_replace, 0, 0}};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 0;

		file_start(16 * PAGE_SIZE);
		race_address = (uintptr_t)map_file(16 * PAGE_SIZE, RW, flags, 0);
		vm_object_get(&file.object); /* survives the race's unmapping */
		file.during_read = cases[i].action;
		CHECK_EQ(vm_host_read(race_address, &value), cases[i].error);
		CHECK_EQ(value, cases[i].value);
		vm_host_check_figures();
		CHECK_EQ(vm_unmap(race_address, 16 * PAGE_SIZE), 0);
		vm_object_put(&file.object);
		vm_object_put(&file.object);
		CHECK_EQ(file.released, 1);
	}
}

int main(void)
{
	vm_host_start(true);
	private_file();
	offsets();
	shared_file();
	cut_file();
	vm_host_check_figures();
	races(0);
	races(VM_SHARED);
	vm_host_check_empty();
	return 0;
}
