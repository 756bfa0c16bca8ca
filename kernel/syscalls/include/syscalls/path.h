/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on paths. */
#ifndef SYSCALLS_PATH_H
#define SYSCALLS_PATH_H

#include <fs/path.h>
#include <syscalls/entry.h>

SYSCALL(open);
SYSCALL(openat);
SYSCALL(openat2);
SYSCALL(creat);
SYSCALL(stat);
SYSCALL(lstat);
SYSCALL(newfstatat);
SYSCALL(statx);
SYSCALL(access);
SYSCALL(faccessat);
SYSCALL(faccessat2);
SYSCALL(statfs);
SYSCALL(readlink);
SYSCALL(readlinkat);
SYSCALL(unlink);
SYSCALL(unlinkat);
SYSCALL(rmdir);
SYSCALL(rename);
SYSCALL(renameat);
SYSCALL(renameat2);
SYSCALL(mkdir);
SYSCALL(mkdirat);
SYSCALL(mknod);
SYSCALL(mknodat);
SYSCALL(symlink);
SYSCALL(symlinkat);
SYSCALL(link);
SYSCALL(linkat);
SYSCALL(truncate);
SYSCALL(chmod);
SYSCALL(fchmodat);
SYSCALL(chown);
SYSCALL(lchown);
SYSCALL(fchownat);
SYSCALL(utime);
SYSCALL(utimes);
SYSCALL(futimesat);
SYSCALL(utimensat);
SYSCALL(getcwd);
SYSCALL(chdir);
SYSCALL(fchdir);
SYSCALL(chroot);
SYSCALL(umask);
SYSCALL(sync);
SYSCALL(syncfs);
SYSCALL(mount);
SYSCALL(umount2);

/*
 * The path at ADDRESS, relative to DIRFD, as an absolute one in a name from the heap (kfree). 0,
 * -EFAULT, -ENOENT (empty, unless EMPTY_OK, which then gives -ENODATA: the call means DIRFD
 * itself), -ENAMETOOLONG, -EBADF, -ENOTDIR, -ENOMEM.
 */
must_check int name_from_user(int dirfd, uintptr_t address, bool empty_ok, struct fs_name **name);

/* The directory that DIRFD stands for, into OUT (FS_PATH_MAX + 1 bytes). 0, -EBADF, -ENOTDIR,
 * -ENAMETOOLONG. */
must_check int path_of_directory(int dirfd, char *out);

/* A name that is to be made and ends in "." (which its path no longer shows): ERROR when what holds
 * it is a directory, else what is wrong with that. 0 for all others. Right after name_from_user. */
must_check long name_ends_in_dot(const struct fs_name *name, long error);

/*
 * Calls FUNCTION with ARGUMENT for the path at ADDRESS (vfs_call, with FLAGS). EMPTY_OK as above.
 * CHECK (NULL: nothing) may refuse the name before.
 */
long path_call(int dirfd, uintptr_t address, bool empty_ok,
	       long (*check)(const struct fs_name *name), unsigned flags, vfs_fn function,
	       void *argument);

/* In a vfs_fn: the file system's OPERATION that changes something. */
#define PATH_MODIFY(operation, ...)                                                                \
	(mount->ops->operation ? mount->ops->operation(mount, path, ##__VA_ARGS__) : -EROFS)

/* The process's file mode creation mask: what it starts with, and MODE without its bits. */
void umask_init(uint32_t mask);
uint32_t umask_apply(uint32_t mode);
uint32_t umask_get(void);

#endif /* SYSCALLS_PATH_H */
