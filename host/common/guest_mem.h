/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory as the host sees it. A guest-physical address is an integer: the only way from it to
 * host memory is guest_mem_at() and guest_mem_iov(), which check it against the ranges that are
 * RAM. No lock: nothing changes after guest_mem_create().
 */
#ifndef HOST_GUEST_MEM_H
#define HOST_GUEST_MEM_H

#include <abi/hostcall.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define GUEST_MEM_RANGES_MAX 2u
#define GUEST_MEM_HIGH_BASE  (1ull << 32) /* where RAM goes on that has no place below 4 GiB */

struct guest_mem_range {
	uint64_t gpa, size;
	uint64_t offset; /* in the memory file */
};

struct guest_mem {
	uint8_t *base; /* mapping of the whole memory file */
	uint64_t size;
	int fd; /* the memory file, to be inherited by the virtual machine */
	unsigned range_count;
	struct guest_mem_range range[GUEST_MEM_RANGES_MAX];
};

/*
 * Makes SIZE bytes (a multiple of the page size) of zeroed guest memory, taken from the host page
 * by page as it is touched. The first LOW_SIZE bytes lie at guest-physical 0, the rest at
 * GUEST_MEM_HIGH_BASE. 0 or -errno.
 */
int guest_mem_create(struct guest_mem *mem, uint64_t size, uint64_t low_size);

void guest_mem_destroy(struct guest_mem *mem);

/* Host address of LEN bytes of guest memory at GPA, NULL unless all of it is RAM in one piece. */
void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t len);

/*
 * Translates COUNT segments (not aligned in memory) into IOV, which has room for COUNT entries.
 * Returns the total of bytes, at most HC_IO_MAX, or -EFAULT (not RAM), -EINVAL (too many, too
 * long).
 */
int64_t guest_mem_iov(const struct guest_mem *mem, const void *segs, size_t count,
		      struct iovec *iov);

#endif /* HOST_GUEST_MEM_H */
