/* SPDX-License-Identifier: BSD-3-Clause */
/* struct hc_stat and hc_statfs from what Linux says. */
#ifndef HOST_FILE_STAT_H
#define HOST_FILE_STAT_H

#include "hostcall.h"

/* statx(DIR_FD, NAME, FLAGS) into the reply payload of CALL. 0 or -errno; *MODE (may be NULL). */
int64_t reply_stat(struct hostcall *call, int dir_fd, const char *name, int flags, uint32_t *mode);

/* The same for a directory that exists only in the mount table. */
int64_t reply_stat_synthetic(struct hostcall *call, const char *path);

/* fstatfs(FD) into the reply payload; READONLY adds ST_RDONLY. 0 or -errno. */
int64_t reply_statfs(struct hostcall *call, int fd, bool readonly);
int64_t reply_statfs_synthetic(struct hostcall *call);

#endif /* HOST_FILE_STAT_H */
