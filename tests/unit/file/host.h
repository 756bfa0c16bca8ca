/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stand-ins for what open files stand on: locks that check their use, wait queues without threads,
 * a heap that can run dry and counts, and an application whose memory ends.
 */
#ifndef UNIT_FILE_HOST_H
#define UNIT_FILE_HOST_H

#include "../common/unit.h"

#include <file/file.h>

/* Blocks of the heap in use, and how many more it gives (for ENOMEM). */
extern long host_blocks, host_blocks_left;

/* RLIMIT_NOFILE. */
extern uint64_t host_fd_limit;

/* The application's memory ends here: no access beyond. */
extern uintptr_t host_user_end;

/* Signals that were sent to the current thread. */
extern int host_signals[65];

/* What happens when the current thread would block: it makes the condition true and returns 0, or
 * gives the wait's end (-EINTR, -ETIMEDOUT). NULL: it must not block. */
extern int (*host_on_block)(void);

/* A file of 4 bytes of heap whose release can be seen by host_blocks. */
struct file *host_file(void);

#endif /* UNIT_FILE_HOST_H */
