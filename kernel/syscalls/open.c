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

#define O_UNNAMED    ((unsigned)(O_TMPFILE & ~O_DIRECTORY))

static bool creates(unsigned flags)
{
	return flags & (O_CREAT | O_UNNAMED);
}

/* Flags that make no sense together; TMPFILE without its O_DIRECTORY. */
static bool contradict(unsigned flags)
{
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return true;
	if (flags & O_UNNAMED)
		return !(flags & O_DIRECTORY) || (flags & O_ACCMODE) == O_RDONLY;
	return false;
}

/* Gives FILE, whose reference it takes in any case, a descriptor. */
static long install(struct file *file, unsigned flags)
{
	long fd = fd_install(file, 0, flags & O_CLOEXEC);

	if (fd < 0)
		file_put(file);
	return fd;
}

static long open_name(struct fs_name *name, unsigned flags, uint32_t mode)
{
	struct file *file;
	int error;

	if (flags & O_PATH)
		flags &= O_PATH_FLAGS;
	if (contradict(flags))
		return -EINVAL;
	error = vfs_open(name, flags & O_KNOWN, mode, &file);
	return error ? error : install(file, flags);
}

static long open_at(int dirfd, uintptr_t path, unsigned flags, uint32_t mode)
{
	struct fs_name *name;
	long result = name_from_user(dirfd, path, false, &name);

	if (result)
		return result;
	if (!creates(flags))
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

#define RESOLVE_KNOWN                                                                              \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |         \
	 RESOLVE_IN_ROOT | RESOLVE_CACHED)
#define RESOLVE_SCOPES (RESOLVE_BENEATH | RESOLVE_IN_ROOT)

/* SIZE bytes at ADDRESS: what is behind the structure that is known here must be zero. */
static int read_how(struct open_how *how, uintptr_t address, size_t size)
{
	uint8_t more[64];

	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (arch_user_read(how, address, sizeof(*how)))
		return -EFAULT;
	for (size_t done = sizeof(*how); done < size;) {
		size_t part = MIN(size - done, sizeof(more));

		if (arch_user_read(more, address + done, part))
			return -EFAULT;
		for (size_t i = 0; i < part; i++)
			if (more[i])
				return -E2BIG;
		done += part;
	}
	return 0;
}

static int check_how(const struct open_how *how)
{
	unsigned flags = (unsigned)how->flags;

	if (how->flags & ~(uint64_t)O_KNOWN || how->resolve & ~(uint64_t)RESOLVE_KNOWN)
		return -EINVAL;
	if ((how->resolve & RESOLVE_SCOPES) == RESOLVE_SCOPES)
		return -EINVAL;
	if (how->mode & ~(creates(flags) ? 07777ull : 0ull) || contradict(flags))
		return -EINVAL;
	if (flags & O_PATH && flags & ~O_PATH_FLAGS)
		return -EINVAL;
	/* What is cached only the file systems know: this is no promise, but that it changes
	 * nothing. */
	return how->resolve & RESOLVE_CACHED && (creates(flags) || flags & O_TRUNC) ? -EAGAIN : 0;
}

/* NAME right after name_from_user. */
static long open_resolved(int dirfd, struct fs_name *name, unsigned flags, uint32_t mode,
			  uint64_t resolve)
{
	struct vfs_resolve how = {
		.flags = resolve,
		.creates = flags & O_CREAT,
		.keeps_link =
			flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL),
	};
	char *directory = kmalloc(FS_PATH_MAX + 1);
	struct file *file;
	int error = directory ? 0 : -ENOMEM;

	if (!error && name->redirect[0] == '/' && !(resolve & RESOLVE_IN_ROOT))
		strlcpy(directory, "/", FS_PATH_MAX + 1);
	else if (!error)
		error = path_of_directory(dirfd, directory);
	if (!error)
		error = vfs_resolve(name, directory, &how);
	kfree(directory);
	if (error)
		return error;
	error = vfs_open_exactly(name, flags, mode, &file);
	if (error == -ELOOP && !how.ends_in_link)
		error = -EAGAIN; /* somebody has put a link there meanwhile */
	return error ? error : install(file, flags);
}

/* openat2(dirfd, path, struct open_how, size) */
SYSCALL(openat2)
{
	struct open_how how;
	struct fs_name *name;
	long result = read_how(&how, (uintptr_t)a2, (size_t)a3);

	if (!result)
		result = check_how(&how);
	if (result)
		return result;
	if (!(how.resolve & ~(uint64_t)RESOLVE_CACHED))
		return open_at((int)a0, (uintptr_t)a1, (unsigned)how.flags, (uint32_t)how.mode);
	result = name_from_user((int)a0, (uintptr_t)a1, false, &name);
	if (result)
		return result;
	result = open_resolved((int)a0, name, (unsigned)how.flags, umask_apply((uint32_t)how.mode),
			       how.resolve);
	kfree(name);
	return result;
}
