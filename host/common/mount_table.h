/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's name space: which absolute guest path is backed by which host directory (opened once,
 * pinned), and which paths the guest serves itself. The longest match wins. Directories above a
 * mount point that no host directory backs exist as "synthetic" directories. No lock: built before
 * the guest starts, not changed afterwards.
 */
#ifndef HOST_MOUNT_TABLE_H
#define HOST_MOUNT_TABLE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct mount {
	char *guest; /* normalised absolute path; "" is the root */
	size_t guest_len;
	int fd;	    /* O_PATH descriptor of the host directory; -1: the guest serves it */
	char *file; /* not the directory is mounted, but the file of this name in it; else NULL */
	bool readonly;
	bool plain_only; /* nothing below it may lie on /proc, /sys and their like */
};

struct mount_table {
	struct mount *mounts;
	size_t count;
	char *cwd; /* working directory in the guest's name space */
};

#define MOUNT_READONLY	 1u
#define MOUNT_PLAIN_ONLY 2u

/*
 * Normal form of an absolute guest path: no empty or "." component, no trailing slash, the root is
 * "". 0, or -EINVAL (relative, "..", NUL or too long).
 */
int mount_path_normalise(const char *path, char out[PATH_MAX]);

/*
 * Maps host directory HOST at GUEST (any absolute form) with MOUNT_* FLAGS, in place of what was
 * mapped there. 0 or -errno (-ENOTDIR when HOST is no directory).
 */
int mount_table_add_host(struct mount_table *table, const char *host, const char *guest,
			 unsigned flags);
/* Shows the host file at absolute path HOST, read-only, as GUEST. 0 or -errno. */
int mount_table_add_file(struct mount_table *table, const char *host, const char *guest);
/* The guest serves GUEST itself. */
int mount_table_add_guest(struct mount_table *table, const char *guest);
void mount_table_destroy(struct mount_table *table);

/* The mount at exactly this normalised path, or NULL. */
const struct mount *mount_table_at(const struct mount_table *table, const char *path, size_t len);
/* The mount that PATH lies in (longest match), or NULL: a synthetic directory at best. */
const struct mount *mount_table_longest(const struct mount_table *table, const char *path,
					size_t len);
/* Is there a mount point strictly below PATH? */
bool mount_table_has_below(const struct mount_table *table, const char *path, size_t len);

/*
 * The INDEXth name directly below PATH that leads to a mount point; length in *NAME_LEN, NULL at
 * the end. A name that leads to several mount points comes once.
 */
const char *mount_table_child(const struct mount_table *table, const char *path, size_t len,
			      size_t index, size_t *name_len);

enum mount_listing {
	MOUNT_LIST_GUEST_FS, /* what the guest serves itself */
	MOUNT_LIST_HOST_FS,  /* what the host serves below those */
};
/* The INDEXth path of a listing ("/" for the root), NULL at the end. */
const char *mount_table_list(const struct mount_table *table, enum mount_listing listing,
			     size_t index);

#endif /* HOST_MOUNT_TABLE_H */
