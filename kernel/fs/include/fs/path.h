/* SPDX-License-Identifier: BSD-3-Clause */
/* Absolute paths from what the application gives. */
#ifndef FS_PATH_H
#define FS_PATH_H

#include <fs/vfs.h>
#include <lib/compiler.h>

/* Room for a path, its redirections, and the NULs. From the heap: too large for a kernel stack. */
struct fs_name {
	char path[FS_PATH_MAX + 1];
	char redirect[FS_PATH_MAX + 1];
};

/*
 * Joins DIRECTORY (absolute) and PATH (absolute or not) into OUT (FS_PATH_MAX + 1 bytes): one slash
 * between names, no "." names. ".." stay, as only the file system knows where they lead; a slash at
 * the end stays, too. 0 or -ENAMETOOLONG.
 */
must_check int path_join(char *out, const char *directory, const char *path);

/*
 * openat2(2): the path in name->redirect, from DIRECTORY (absolute, resolved) on, becomes one
 * without links and ".." in name->path; vfs_open_exactly opens it. 0, or -errno: -EXDEV and -ELOOP
 * where the restrictions say so.
 */
struct vfs_resolve {
	uint64_t flags;	   /* RESOLVE_* */
	bool creates;	   /* the last name need not exist */
	bool keeps_link;   /* a link at the end is meant itself */
	bool ends_in_link; /* result: there is one */
};
must_check int vfs_resolve(struct fs_name *name, const char *directory, struct vfs_resolve *how);

/* Is PATH below (or equal to) PREFIX, both absolute? */
bool path_below(const char *path, const char *prefix);

#endif /* FS_PATH_H */
