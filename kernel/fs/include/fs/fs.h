/* SPDX-License-Identifier: BSD-3-Clause */
/* Start of the file systems. */
#ifndef FS_FS_H
#define FS_FS_H

#include <lib/compiler.h>

/* Mounts everything and opens descriptors 0, 1 and 2. After host_channel_init (or without a proxy:
 * the root is then an empty memory file system and the standard files are the console). 0 or
 * -errno. */
must_check int fs_init(void);

#endif /* FS_FS_H */
