/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting until one of several files is ready: the core of poll(2) and select(2). */
#ifndef FILE_POLL_H
#define FILE_POLL_H

#include <file/file.h>

/* POLLERR and POLLHUP are always reported. */
#define POLL_ALWAYS (0x0008u | 0x0010u)
/* A descriptor that is not open. */
#define POLL_INVALID 0x0020u

struct poll_entry {
	struct file *file; /* NULL: not watched, or invalid */
	unsigned events;   /* asked for */
	unsigned ready;	   /* found; preset POLL_INVALID for a bad descriptor */
	struct waiter waiter;
	struct poll_wait *wait;
};

/* What holds for FILE now, of EVENTS and POLL_ALWAYS. */
unsigned poll_file(struct file *file, unsigned events);

/* Waits until at least one entry is ready, or DEADLINE_NS (0: just look). The number of entries
 * that are ready, 0 after the deadline, or -EINTR. */
must_check int poll_wait(struct poll_entry *entries, unsigned count, uint64_t deadline_ns);

#endif /* FILE_POLL_H */
