/* SPDX-License-Identifier: BSD-3-Clause */
/* FIFOs of memory file systems: pipes with a name (fifo(7)). Private to this folder. */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "memfs.h"

/* The pipe of FIFO NODE, or NULL. The node gives it back with pipe_put. */
struct pipe *pipe_create_fifo(struct mem_node *node);
void pipe_put(struct pipe *pipe);

/* Opens an end, or both; waits for the other side as fifo(7) says. The file keeps the node alive.
 * 0, -ENXIO, -ENOMEM, -ERESTARTSYS. No lock is held. */
must_check int fifo_open(struct pipe *pipe, unsigned flags, const char *path, struct file **out);

#endif /* FS_PIPE_H */
