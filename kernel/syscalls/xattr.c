/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Extended attributes: files have none, and none can be made. Programs handle EOPNOTSUPP, which
 * many file systems of Linux give, better than ENOSYS. A file that is not there gives ENOENT.
 */
#include <syscalls/xattr.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <file/file.h>
#include <linux/fcntl.h>
#include <mm/heap.h>
#include <syscalls/fd.h>
#include <syscalls/path.h>

/* RESULT, when there is a file at PATH. */
static long at_path(uintptr_t path, bool follow_link, long result)
{
	struct fs_name *name;
	file_stat_t stat;
	int error = name_from_user(AT_FDCWD, path, false, &name);

	if (error)
		return error;
	error = vfs_stat(name, follow_link, &stat);
	kfree(name);
	return error ? error : result;
}

static long give(struct file *file, const long *args)
{
	(void)file;
	return args[0];
}

/* RESULT, when FD is open. */
static long at_fd(int fd, long result)
{
	return fd_call(fd, give, &result);
}

SYSCALL(setxattr)
{
	return at_path((uintptr_t)a0, true, -EOPNOTSUPP);
}

SYSCALL(lsetxattr)
{
	return at_path((uintptr_t)a0, false, -EOPNOTSUPP);
}

SYSCALL(fsetxattr)
{
	return at_fd((int)a0, -EOPNOTSUPP);
}

SYSCALL(getxattr)
{
	return at_path((uintptr_t)a0, true, -EOPNOTSUPP);
}

SYSCALL(lgetxattr)
{
	return at_path((uintptr_t)a0, false, -EOPNOTSUPP);
}

SYSCALL(fgetxattr)
{
	return at_fd((int)a0, -EOPNOTSUPP);
}

SYSCALL(listxattr)
{
	return at_path((uintptr_t)a0, true, 0);
}

SYSCALL(llistxattr)
{
	return at_path((uintptr_t)a0, false, 0);
}

SYSCALL(flistxattr)
{
	return at_fd((int)a0, 0);
}

SYSCALL(removexattr)
{
	return at_path((uintptr_t)a0, true, -EOPNOTSUPP);
}

SYSCALL(lremovexattr)
{
	return at_path((uintptr_t)a0, false, -EOPNOTSUPP);
}

SYSCALL(fremovexattr)
{
	return at_fd((int)a0, -EOPNOTSUPP);
}
