/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The directory of a checkpoint (docs/checkpoint.md): the file "state", which is replaced as a
 * whole, and the files of memory that it names. Who writes holds a lock on the directory as long as
 * it runs, who reads while it opens the files.
 */
#ifndef PROXY_CHECKPOINT_DIR_H
#define PROXY_CHECKPOINT_DIR_H

#include "common/blob.h"

#include <stdbool.h>
#include <stdint.h>

/* Each prints a message when it fails. A descriptor with the lock, or -errno. CREATE: the directory
 * is made if need be, and locked for writing. */
int checkpoint_dir_open(const char *path, bool create);

/* The number that no file of memory has. */
uint64_t checkpoint_dir_next_number(int dir_fd);

/* Makes STATE the directory's state, durably: 0 or -errno. Before it succeeds, the old one holds.
 */
int checkpoint_dir_commit(int dir_fd, const struct blob *state);

/* Removes the files of memory that NEEDED says no to. */
void checkpoint_dir_clean(int dir_fd, bool (*needed)(const void *context, uint64_t number),
			  const void *context);

/* The state file, in memory from malloc; NULL with *REASON. */
const void *checkpoint_dir_state(int dir_fd, size_t *size, const char **reason);

#endif /* PROXY_CHECKPOINT_DIR_H */
