/* SPDX-License-Identifier: BSD-3-Clause */
/* What all calls with a path have in common: taking it from the payload, walking it, the rules. */
#ifndef HOST_PATH_CALL_H
#define HOST_PATH_CALL_H

#include "file_server.h"
#include "path_walk.h"

/* A path in the payload of a call. */
struct path_text {
	const char *text; /* not terminated */
	size_t len;
};

/*
 * Walks PATH for CALL. 0 with SPOT to be closed by the caller; HC_REDIRECT with the reply filled
 * in, WHICH (0 or 1) telling which path of the call it is about; -errno, -EBADMSG for what is no
 * path.
 */
int64_t call_walk(struct file_server *files, struct hostcall *call, struct path_text path,
		  unsigned flags, unsigned which, struct path_spot *spot);

/* The whole payload as a path. */
struct path_text call_path(const struct hostcall *call);

/* "first NUL second" in the payload; false when there is no NUL. */
bool call_two_paths(const struct hostcall *call, struct path_text *first, struct path_text *second);

/* PATH_FOLLOW unless ARGUMENT says HC_NOFOLLOW. */
unsigned call_follow(uint64_t argument);

/* Is FD on /proc, /sys or another file system of the host's kernel? */
bool fd_is_pseudo(int fd);

/* May SPOT be changed? 0 or -EROFS. */
int spot_check_writable(const struct path_spot *spot);

/*
 * An O_PATH descriptor of the existing object at SPOT, or -errno; never a symbolic link when the
 * walk was to follow (-ESTALE: somebody put one there meanwhile, walk again).
 */
int spot_open_path(const struct path_spot *spot, bool follow);

/* How often a call walks again when the tree changes under it. */
#define WALK_RETRIES 8

#endif /* HOST_PATH_CALL_H */
