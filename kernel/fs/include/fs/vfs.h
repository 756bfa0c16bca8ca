/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The name space: file systems mounted at absolute paths, the longest match wins. A file system
 * resolves the part of a path below its mount point itself, symbolic links and ".." included. Where
 * the resolution leaves it (a link to an absolute path, ".." above its root, a place where
 * something else is mounted), the operation returns FS_REDIRECT with the absolute path to go on
 * with, and the name space starts again with it; after 40 restarts -ELOOP.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include <file/file.h>
#include <lib/compiler.h>
#include <lib/types.h>

#define FS_REDIRECT HC_REDIRECT
#define FS_PATH_MAX 4096u

#define FS_NOFOLLOW 1u /* a symbolic link at the end is meant itself */
#define FS_NO_LINKS 2u /* a symbolic link anywhere else: -ELOOP */

struct fs_mount;

/* One path of an operation. */
struct fs_path {
	const char *full; /* absolute, without "." and doubled slashes; ".." are still in it */
	const char *rest; /* the part below the mount point: "" or "/..." (points into FULL) */
	unsigned flags;	  /* FS_NOFOLLOW; for open also FS_NO_LINKS */
	char *redirect;	  /* room for FS_PATH_MAX + 1 bytes: where to go on with FS_REDIRECT;
			   * after unlink and rename the resolved path */
};

/* NULL operations: -EROFS for those that modify, -ENOSYS for statfs. In two-path operations both
 * paths lie on the same mount (else -EXDEV before); FS_REDIRECT of the first path comes before that
 * of the second, and *WHICH tells (0 or 1). Trailing slashes are left in REST, as they matter. */
struct fs_ops {
	/* FLAGS: O_*; MODE has the umask applied. *OUT: a file with one reference, its path
	 * resolved. */
	int (*open)(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
		    struct file **out);
	int (*stat)(struct fs_mount *mount, struct fs_path *path, file_stat_t *stat);
	/* Absolute resolved path of a directory (chdir): writes at most FS_PATH_MAX + 1 bytes.
	 * -ENOTDIR */
	int (*resolve_dir)(struct fs_mount *mount, struct fs_path *path, char *resolved);
	int (*unlink)(struct fs_mount *mount, struct fs_path *path, bool directory);
	int (*mkdir)(struct fs_mount *mount, struct fs_path *path, uint32_t mode);
	int (*mknod)(struct fs_mount *mount, struct fs_path *path, uint32_t mode, uint64_t device);
	/* Length of the target, copied (cut) to TARGET without NUL. */
	int64_t (*readlink)(struct fs_mount *mount, struct fs_path *path, char *target,
			    size_t size);
	int (*symlink)(struct fs_mount *mount, const char *target, struct fs_path *path);
	int (*link)(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, int *which);
	/* Another name for an open file. -EXDEV (also the default): it is not of this file system.
	 */
	int (*link_file)(struct fs_mount *mount, struct file *file, struct fs_path *to);
	/* The open file that the link at PATH stands for, with a reference; NULL: it does not. */
	int (*linked_file)(struct fs_mount *mount, struct fs_path *path, struct file **file);
	int (*rename)(struct fs_mount *mount, struct fs_path *from, struct fs_path *to,
		      unsigned flags, int *which);
	int (*access)(struct fs_mount *mount, struct fs_path *path, unsigned mode);
	int (*chmod)(struct fs_mount *mount, struct fs_path *path, uint32_t mode);
	int (*chown)(struct fs_mount *mount, struct fs_path *path, uint32_t uid, uint32_t gid);
	int (*utimens)(struct fs_mount *mount, struct fs_path *path, const struct hc_time times[2]);
	int (*truncate)(struct fs_mount *mount, struct fs_path *path, uint64_t size);
	int (*statfs)(struct fs_mount *mount, struct fs_path *path, struct hc_statfs *statfs);
};

struct fs_mount {
	const char *path; /* "/" or "/tmp" ...: no slash at the end but for the root */
	const char *type; /* for /proc/mounts */
	const struct fs_ops *ops;
	void *data;
	bool read_only;
	struct fs_mount *next;
};

/* Adds a mount (kept for ever). Before the application starts. */
void vfs_mount(struct fs_mount *mount);
/* The mount that serves absolute path PATH. */
struct fs_mount *vfs_mount_of(const char *path);
/* All mounts, for /proc/mounts. */
const struct fs_mount *vfs_mounts(void);

void vfs_init(void);

/* The current directory: PATH has FS_PATH_MAX + 1 bytes. */
void vfs_cwd_get(char *path);
void vfs_cwd_set(const char *path);

/* After a rename or removal, all paths absolute and resolved: open files and the current directory
 * follow (file_paths_moved). */
void vfs_moved(const char *from, const char *to, bool exchange);
void vfs_deleted(const char *path);

/*
 * Calls FUNCTION with the mount that serves name->path, again after each redirection. FLAGS:
 * FS_* and VFS_MODIFIES (refused with -EROFS on a read-only mount). Result of FUNCTION, or
 * -ELOOP, -ENAMETOOLONG.
 */
#define VFS_MODIFIES 0x100u
struct fs_name;
typedef int64_t (*vfs_fn)(struct fs_mount *mount, struct fs_path *path, void *argument);
typedef int64_t (*vfs_fn2)(struct fs_mount *mount, struct fs_path *from, struct fs_path *to,
			   int *which, void *argument);
must_check int64_t vfs_call(struct fs_name *name, unsigned flags, vfs_fn function, void *argument);
must_check int64_t vfs_call2(struct fs_name *from, unsigned from_flags, struct fs_name *to,
			     unsigned to_flags, vfs_fn2 function, void *argument);

/* open(2) and stat(2) of name->path (which changes). FLAGS: O_*. 0 or -errno. */
must_check int vfs_open(struct fs_name *name, unsigned flags, uint32_t mode, struct file **out);
/* The same where name->path leads over no symbolic link: -ELOOP when there is one all the same. */
must_check int vfs_open_exactly(struct fs_name *name, unsigned flags, uint32_t mode,
				struct file **out);
/* linkat(2) of an open file. */
must_check int vfs_link_file(struct file *file, struct fs_name *to);
/* The open file that the link name->path (/proc/self/fd/N) stands for, with a reference, or NULL.
 */
must_check int vfs_linked_file(struct fs_name *name, struct file **file);
must_check int vfs_stat(struct fs_name *name, bool follow_link, file_stat_t *stat);

/* Each file system's start, called by fs_init (kernel/fs/init.c) in this order. 0 or -errno. */
must_check int memfs_init(void);  /* registers memory file systems: memfs_mount below */
must_check int hostfs_init(void); /* "/" and host_fs of the HELLO reply, standard files 0, 1, 2 */
must_check int devfs_init(void);  /* /dev, with /dev/shm as a memory file system */
must_check int procfs_init(void); /* /proc and /sys */

must_check int etcfs_init(void); /* /etc, where the host has none */

/* A new, empty memory file system at PATH. */
must_check int memfs_mount(const char *path, const char *type);

#endif /* FS_VFS_H */
