/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guest memory as the host sees it. A guest-physical address is an integer: the only ways from it
 * to memory are guest_mem_spans() and guest_mem_at(), which check it against the ranges that are
 * RAM.
 *
 * The memory is either mapped into this process, or it is another process's (QEMU's), reached with
 * process_vm_readv() and process_vm_writev(). The latter costs a copy for bulk data; but a memory
 * file that both map has no huge pages on most systems, and that costs the guest a multiple of it
 * on each first touch, and cache misses ever after. No lock: nothing changes once the guest runs,
 * but the marks of what the host has written, which are atomic.
 */
#ifndef HOST_GUEST_MEM_H
#define HOST_GUEST_MEM_H

#include <abi/hostcall.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define GUEST_MEM_RANGES_MAX 2u
#define GUEST_MEM_HIGH_BASE  (1ull << 32) /* where RAM goes on that has no place below 4 GiB */

struct guest_mem_range {
	uint64_t gpa, size;
	uint64_t offset; /* in the memory */
};

struct guest_mem {
	uint8_t *base; /* mapping of all memory, NULL: it is another process's */
	pid_t pid;
	uint64_t remote; /* address of the memory in process pid */
	uint64_t size;
	_Atomic uint64_t *dirty; /* a bit per page: the host has written it; NULL: not wanted */
	unsigned range_count;
	struct guest_mem_range range[GUEST_MEM_RANGES_MAX];
};

#define GUEST_MEM_PAGE 4096u

/* A piece of guest memory that has been checked. */
struct guest_span {
	uint64_t offset, len;
};

/*
 * Makes SIZE bytes (a multiple of the page size) of zeroed guest memory, taken from the host as it
 * is touched. The first LOW_SIZE bytes lie at guest-physical 0, the rest at GUEST_MEM_HIGH_BASE. 0
 * or -errno.
 */
int guest_mem_create(struct guest_mem *mem, uint64_t size, uint64_t low_size);

/*
 * Wishes for memory that is mapped here; 0 or -errno. Huge pages from byte OFFSET on, where the
 * first touch of a page takes 2 MiB from the host, and none before it. Mergeable: the host may keep
 * equal pages once (KSM).
 */
int guest_mem_huge_pages(const struct guest_mem *mem, uint64_t offset);
int guest_mem_mergeable(const struct guest_mem *mem);

/* The one way from a guest-physical address to memory that is mapped here: NULL unless all LEN
 * bytes at GPA are RAM in one piece. */
void *guest_mem_at(const struct guest_mem *mem, uint64_t gpa, uint64_t len);

/*
 * Incremental checkpoints: marks are kept from now on of what the host writes (0 or -ENOMEM). Who
 * writes to memory that is mapped here says so afterwards: LEN bytes at AT.
 */
int guest_mem_track(struct guest_mem *mem);
void guest_mem_dirtied(const struct guest_mem *mem, const void *at, size_t len);

/* The same layout, with memory at address REMOTE of process PID. */
void guest_mem_attach(struct guest_mem *mem, pid_t pid, uint64_t remote, uint64_t size,
		      uint64_t low_size);

void guest_mem_destroy(struct guest_mem *mem);

/* May this process reach the memory of process PID? */
bool guest_mem_permitted(pid_t pid);

/*
 * Checks COUNT segments (not aligned in memory) and puts them into SPANS, which has room for COUNT
 * entries. Returns the total of bytes, at most HC_IO_MAX, or -EFAULT (not RAM), -EINVAL (too many,
 * too long).
 */
int64_t guest_mem_spans(const struct guest_mem *mem, const void *segs, size_t count,
			struct guest_span *spans);

/* The spans as pieces of mapped memory. */
void guest_mem_iov(const struct guest_mem *mem, const struct guest_span *spans, size_t count,
		   struct iovec *iov);

/*
 * Copies SIZE bytes, from byte SKIP of the spans on, out of guest memory or into it. 0, or -EFAULT
 * (the other process is gone).
 */
int guest_mem_copy_out(const struct guest_mem *mem, const struct guest_span *spans, size_t count,
		       uint64_t skip, void *data, size_t size);
int guest_mem_copy_in(const struct guest_mem *mem, const struct guest_span *spans, size_t count,
		      uint64_t skip, const void *data, size_t size);

#endif /* HOST_GUEST_MEM_H */
