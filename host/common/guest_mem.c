/* SPDX-License-Identifier: BSD-3-Clause */
/* See guest_mem.h. */
#include "guest_mem.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

static void set_ranges(struct guest_mem *mem, uint64_t size, uint64_t low_size)
{
	if (low_size > size)
		low_size = size;
	mem->size = size;
	mem->range[mem->range_count++] = (struct guest_mem_range){0, low_size, 0};
	if (size > low_size)
		mem->range[mem->range_count++] =
			(struct guest_mem_range){GUEST_MEM_HIGH_BASE, size - low_size, low_size};
}

#define HUGE_PAGE (2ull << 20)

/* Address space of SIZE bytes that begins at a multiple of a huge page; MAP_FAILED on error. */
static void *map_aligned(uint64_t size)
{
	uint64_t whole = size + HUGE_PAGE;
	uint8_t *start = mmap(NULL, whole, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return MAP_FAILED;
	uint64_t skip = -(uintptr_t)start & (HUGE_PAGE - 1);
	if (skip)
		munmap(start, skip);
	munmap(start + skip + size, HUGE_PAGE - skip);
	return start + skip;
}

int guest_mem_create(struct guest_mem *mem, uint64_t size, uint64_t low_size)
{
	*mem = (struct guest_mem){0};
	if (size > UINT64_MAX - HUGE_PAGE)
		return -ENOMEM;
	void *base = map_aligned(size);
	if (base == MAP_FAILED)
		return -errno;
	mem->base = base;
	set_ranges(mem, size, low_size);
	return 0;
}

int guest_mem_huge_pages(const struct guest_mem *mem, uint64_t offset)
{
	if (offset > mem->size)
		offset = mem->size;
	if (offset && madvise(mem->base, offset, MADV_NOHUGEPAGE) != 0)
		return -errno;
	if (offset == mem->size)
		return 0;
	return madvise(mem->base + offset, mem->size - offset, MADV_HUGEPAGE) ? -errno : 0;
}

int guest_mem_mergeable(const struct guest_mem *mem)
{
	return madvise(mem->base, mem->size, MADV_MERGEABLE) ? -errno : 0;
}

/* Words of the marks. */
static size_t dirty_words(const struct guest_mem *mem)
{
	return (size_t)(mem->size / GUEST_MEM_PAGE + 63) / 64;
}

int guest_mem_track(struct guest_mem *mem)
{
	void *words = mmap(NULL, dirty_words(mem) * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (words == MAP_FAILED)
		return -ENOMEM;
	mem->dirty = words;
	return 0;
}

void guest_mem_dirtied(const struct guest_mem *mem, const void *at, size_t len)
{
	uint64_t offset = (uint64_t)((const uint8_t *)at - mem->base);

	if (!mem->dirty || !len)
		return;
	for (uint64_t page = offset / GUEST_MEM_PAGE; page <= (offset + len - 1) / GUEST_MEM_PAGE;
	     page++)
		atomic_fetch_or_explicit(&mem->dirty[page / 64], 1ull << page % 64,
					 memory_order_relaxed);
}

void guest_mem_attach(struct guest_mem *mem, pid_t pid, uint64_t remote, uint64_t size,
		      uint64_t low_size)
{
	*mem = (struct guest_mem){.pid = pid, .remote = remote};
	set_ranges(mem, size, low_size);
}

void guest_mem_destroy(struct guest_mem *mem)
{
	if (mem->dirty)
		munmap((void *)(uintptr_t)mem->dirty, dirty_words(mem) * sizeof(uint64_t));
	if (mem->base)
		munmap(mem->base, mem->size);
	*mem = (struct guest_mem){0};
}

bool guest_mem_permitted(pid_t pid)
{
	char byte;
	struct iovec local = {&byte, 1}, remote = {NULL, 1};

	/* Permission comes before the address, which is never mapped. */
	return process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0 && errno == EFAULT;
}

/* Offset of LEN bytes at GPA in the memory; false unless all of it is RAM in one piece. */
static bool find_ram(const struct guest_mem *mem, uint64_t gpa, uint64_t len, uint64_t *offset)
{
	for (unsigned i = 0; i < mem->range_count; i++) {
		const struct guest_mem_range *range = &mem->range[i];
		if (gpa < range->gpa || gpa - range->gpa >= range->size)
			continue;
		uint64_t skip = gpa - range->gpa;
		*offset = range->offset + skip;
		return len <= range->size - skip;
	}
	return false;
}

void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
	uint64_t offset;

	return find_ram(mem, gpa, len, &offset) ? mem->base + offset : NULL;
}

int64_t guest_mem_spans(const struct guest_mem *mem, const void *segs, size_t count,
			struct guest_span *spans)
{
	uint64_t total = 0;
	if (count > HC_SEGS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		struct hc_seg seg;
		memcpy(&seg, (const uint8_t *)segs + i * sizeof(seg), sizeof(seg));
		if (seg.len > HC_IO_MAX - total)
			return -EINVAL;
		total += seg.len;
		spans[i].len = seg.len;
		if (!find_ram(mem, seg.gpa, seg.len, &spans[i].offset))
			return -EFAULT;
	}
	return (int64_t)total;
}

void guest_mem_iov(const struct guest_mem *mem, const struct guest_span *spans, size_t count,
		   struct iovec *iov)
{
	for (size_t i = 0; i < count; i++)
		iov[i] = (struct iovec){mem->base + spans[i].offset, spans[i].len};
}

/* The part of SPANS that starts at byte SKIP and has SIZE bytes, as addresses from BASE on. */
static size_t cut_spans(uint64_t base, const struct guest_span *spans, size_t count, uint64_t skip,
			size_t size, struct iovec *iov)
{
	size_t used = 0;
	for (size_t i = 0; i < count && size > 0; i++) {
		if (skip >= spans[i].len) {
			skip -= spans[i].len;
			continue;
		}
		uint64_t len = spans[i].len - skip;
		if (len > size)
			len = size;
		iov[used++] =
			(struct iovec){(void *)(uintptr_t)(base + spans[i].offset + skip), len};
		size -= len;
		skip = 0;
	}
	return used;
}

int guest_mem_copy_out(const struct guest_mem *mem, const struct guest_span *spans, size_t count,
		       uint64_t skip, void *data, size_t size)
{
	struct iovec remote[HC_SEGS_MAX], local = {data, size};
	uint64_t base = mem->base ? (uintptr_t)mem->base : mem->remote;
	size_t used = cut_spans(base, spans, count, skip, size, remote);

	if (!mem->base)
		return process_vm_readv(mem->pid, &local, 1, remote, used, 0) == (ssize_t)size
			       ? 0
			       : -EFAULT;
	for (size_t i = 0; i < used; i++) {
		memcpy(data, remote[i].iov_base, remote[i].iov_len);
		data = (uint8_t *)data + remote[i].iov_len;
	}
	return 0;
}

int guest_mem_copy_in(const struct guest_mem *mem, const struct guest_span *spans, size_t count,
		      uint64_t skip, const void *data, size_t size)
{
	struct iovec remote[HC_SEGS_MAX], local = {(void *)(uintptr_t)data, size};
	uint64_t base = mem->base ? (uintptr_t)mem->base : mem->remote;
	size_t used = cut_spans(base, spans, count, skip, size, remote);

	if (!mem->base)
		return process_vm_writev(mem->pid, &local, 1, remote, used, 0) == (ssize_t)size
			       ? 0
			       : -EFAULT;
	for (size_t i = 0; i < used; i++) {
		memcpy(remote[i].iov_base, data, remote[i].iov_len);
		data = (const uint8_t *)data + remote[i].iov_len;
	}
	return 0;
}
