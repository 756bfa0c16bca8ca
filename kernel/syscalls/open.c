/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening. */
#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <file/file.h>
#include <lib/string.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <mm/heap.h>
#include <syscalls/path.h>

#define O_KNOWN                                                                                    \
	((unsigned)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |    \
		    O_SYNC | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY |             \
		    O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE))
#define O_PATH_FLAGS ((unsigned)(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC))

static long open_name(struct fs_name *name, unsigned flags, uint32_t mode)
{
	struct file *file;
	long fd;
	int error;

	if (flags & O_PATH)
		flags &= O_PATH_FLAGS;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if ((flags & O_TMPFILE) == O_TMPFILE && (flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	error = vfs_open(name, flags & O_KNOWN, mode, &file);
	if (error)
		return error;
	fd = fd_install(file, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(file);
	return fd;
}

static long open_at(int dirfd, uintptr_t path, unsigned flags, uint32_t mode)
{
	struct fs_name *name;
	long result = name_from_user(dirfd, path, false, &name);

	if (result)
		return result;
	if (!(flags & (O_CREAT | O_TMPFILE)))
		mode = 0;
	if (flags & O_CREAT && !(flags & O_PATH))
		result = name_ends_in_dot(name, flags & O_EXCL ? -EEXIST : -EISDIR);
	if (!result)
		result = open_name(name, flags, umask_apply(mode));
	kfree(name);
	return result;
}

/* open(path, flags, mode) */
SYSCALL(open)
{
	return open_at(AT_FDCWD, (uintptr_t)a0, (unsigned)a1, (uint32_t)a2);
}

/* openat(dirfd, path, flags, mode) */
SYSCALL(openat)
{
	return open_at((int)a0, (uintptr_t)a1, (unsigned)a2, (uint32_t)a3);
}

/* creat(path, mode) */
SYSCALL(creat)
{
	return open_at(AT_FDCWD, (uintptr_t)a0, O_CREAT | O_WRONLY | O_TRUNC, (uint32_t)a1);
}

/* openat2(dirfd, path, struct open_how, size) */
SYSCALL(openat2)
{
	struct open_how how;

	if ((size_t)a3 < sizeof(how))
		return -EINVAL;
	if ((size_t)a3 > sizeof(how))
		return -E2BIG;
	if (arch_user_read(&how, (uintptr_t)a2, sizeof(how)))
		return -EFAULT;
	if (how.flags & ~(uint64_t)O_KNOWN || how.mode & ~07777ull)
		return -EINVAL;
	if (how.mode && !(how.flags & (O_CREAT | O_TMPFILE)))
		return -EINVAL;
	if (how.resolve)
		return -EINVAL; /* restrictions of the walk are not offered: better to fail than to
				   ignore */
	return open_at((int)a0, (uintptr_t)a1, (unsigned)how.flags, (uint32_t)how.mode);
}
