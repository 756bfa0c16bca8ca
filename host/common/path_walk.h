/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resolves a guest path to a host directory and a name in it.
 *
 * Resolution happens in the guest's name space, never in the host's: symbolic links are read and
 * walked here, an absolute one starts again at the guest's root, ".." goes back to the directory
 * the walk came from (which it still holds open), and each step opens one component below a pinned
 * directory without following anything. So nothing that happens to the tree meanwhile leads out of
 * what is mounted. The result is used with *at() calls that do not follow NAME either.
 */
#ifndef HOST_PATH_WALK_H
#define HOST_PATH_WALK_H

#include "mount_table.h"

#include <limits.h>
#include <stdint.h>

#define PATH_LINKS_MAX 40u /* as Linux: MAXSYMLINKS */

struct path_spot {
	int dir_fd; /* O_PATH descriptor of the directory; -1: it exists in the mount table only */
	bool owns_dir;		   /* dir_fd is to be closed */
	const struct mount *mount; /* that NAME lies in; NULL with dir_fd -1 */
	char name[NAME_MAX + 1];   /* last component; "." when the spot is dir_fd itself */
	bool itself; /* the spot is the directory dir_fd: root, ".", "..", mount point */
	bool is_mount_point;
	bool wants_dir;	     /* the path ended in a slash: it must be a directory */
	char path[PATH_MAX]; /* resolved path in the guest's name space; "" is the root */
};

#define PATH_FOLLOW   1u /* follow a symbolic link in the last component */
#define PATH_NO_LINKS 2u /* follow none: -ELOOP */

/* Room for a path that is handed back to the guest. */
struct path_redirect {
	char *path; /* owned, NULL unless the walk returned HC_REDIRECT */
};

/*
 * Walks PATH (LEN bytes, absolute, no NUL inside). 0: SPOT is filled (path_spot_close() when done);
 * the name itself need not exist. HC_REDIRECT: REDIRECT holds the path with which the guest goes
 * on. Else -errno.
 */
int path_walk(const struct mount_table *table, const char *path, size_t len, unsigned flags,
	      struct path_spot *spot, struct path_redirect *redirect);

void path_spot_close(struct path_spot *spot);

#endif /* HOST_PATH_WALK_H */
