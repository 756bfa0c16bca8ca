/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest memory in a sealed memfd that proxy and virtual machine share; see guest_mem.h. */
#include "guest_mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int guest_mem_create(struct guest_mem *mem, uint64_t size, uint64_t low_size)
{
	*mem = (struct guest_mem){.fd = -1};
	int fd = memfd_create("hermit-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	/* Sealed in its size: nobody can shrink it under the feet of a host thread. */
	if (ftruncate(fd, (off_t)size) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		goto close_fd;
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (base == MAP_FAILED)
		goto close_fd;
	mem->base = base;
	mem->size = size;
	mem->fd = fd;
	if (low_size > size)
		low_size = size;
	mem->range[mem->range_count++] = (struct guest_mem_range){0, low_size, 0};
	if (size > low_size)
		mem->range[mem->range_count++] =
			(struct guest_mem_range){GUEST_MEM_HIGH_BASE, size - low_size, low_size};
	return 0;
close_fd:;
	int err = errno;
	close(fd);
	return -err;
}

void guest_mem_destroy(struct guest_mem *mem)
{
	if (mem->base)
		munmap(mem->base, mem->size);
	if (mem->fd >= 0)
		close(mem->fd);
	*mem = (struct guest_mem){.fd = -1};
}

void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t len)
{
	for (unsigned i = 0; i < mem->range_count; i++) {
		const struct guest_mem_range *range = &mem->range[i];
		if (gpa < range->gpa || gpa - range->gpa >= range->size)
			continue;
		uint64_t skip = gpa - range->gpa;
		if (len > range->size - skip)
			return NULL;
		return mem->base + range->offset + skip;
	}
	return NULL;
}

int64_t guest_mem_iov(const struct guest_mem *mem, const void *segs, size_t count,
		      struct iovec *iov)
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
		iov[i].iov_base = guest_mem_at(mem, seg.gpa, seg.len);
		iov[i].iov_len = seg.len;
		if (!iov[i].iov_base)
			return -EFAULT;
	}
	return (int64_t)total;
}
