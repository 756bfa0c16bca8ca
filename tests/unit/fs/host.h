/* SPDX-License-Identifier: BSD-3-Clause */
/* What kernel/file and kernel/fs need of the kernel, on the host: locks that check that they are
 * used right, memory whose leaks the sanitizer sees (frames are counted), no proxy. */
#ifndef UNIT_FS_HOST_H
#define UNIT_FS_HOST_H

#include "../common/unit.h"

#include <file/file.h>

/* Locks held now, frames allocated now. */
extern unsigned host_locks_held;
extern unsigned host_frames;
/* Frames that may still be allocated. */
extern unsigned host_frames_left;

/* Reads or writes SIZE bytes of kernel memory at *OFFSET, or the file's position. */
int64_t host_read_at(struct file *file, void *buffer, size_t size, const uint64_t *offset);
int64_t host_write_at(struct file *file, const void *buffer, size_t size, const uint64_t *offset);

#endif /* UNIT_FS_HOST_H */
