/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One READ, WRITE, PREAD or PWRITE on a handle, which can stop where the stream would block and go
 * on later. Never blocks on a stream; a write to a stream ends only when all is written, as on
 * Linux.
 */
#ifndef HOST_TRANSFER_H
#define HOST_TRANSFER_H

#include "guest_mem.h"
#include "handle_table.h"

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* transfer_run: call again when transfer.wait_events hold on handle->io_fd. Not an errno. */
#define TRANSFER_WAIT (-6000)

struct transfer {
	struct handle *handle; /* the transfer has a reference */
	bool write;
	bool nowait;	 /* -EAGAIN instead of TRANSFER_WAIT */
	bool ordered;	 /* a write that must not overtake others that wait */
	bool positioned; /* at offset, not at the file's own position */
	bool append;	 /* a write: at the end of the file */
	off_t offset;
	const struct guest_mem *mem; /* the pieces are mapped guest memory; NULL: the host's own */
	struct iovec *iov;	     /* what is left; pieces change as the transfer goes on */
	size_t count;
	size_t done; /* bytes moved so far */
	short wait_events;
};

/* Bytes moved (>= 0), -errno, or TRANSFER_WAIT. */
ssize_t transfer_run(struct transfer *transfer);

/* What a transfer that is given up results in: bytes moved so far, or -EINTR. */
ssize_t transfer_cancelled(const struct transfer *transfer);

#endif /* HOST_TRANSFER_H */
