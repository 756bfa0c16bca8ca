/* SPDX-License-Identifier: BSD-3-Clause */
/* Making, removing and renaming of names. */
#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <lib/string.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <syscalls/path.h>

/* Is LAST the last part of what the application gave? Right after name_from_user only. */
static bool ends_in(const struct fs_name *name, const char *last)
{
	const char *text = name->redirect;
	size_t end = strlen(text), start;

	while (end > 1 && text[end - 1] == '/')
		end--;
	for (start = end; start > 0 && text[start - 1] != '/';)
		start--;
	return end - start == strlen(last) && strncmp(text + start, last, end - start) == 0;
}

static bool ends_in_dots(const struct fs_name *name)
{
	return ends_in(name, ".") || ends_in(name, "..");
}

/* Is there the directory that holds the last name of NAME? Right after name_from_user only, as
 * ends_in. */
static long check_parent(const struct fs_name *name)
{
	struct fs_name *parent = kmalloc(sizeof(*parent));
	file_stat_t stat;
	long result;

	if (!parent)
		return -ENOMEM;
	strlcpy(parent->path, name->path, sizeof(parent->path));
	if (!ends_in(name, ".")) { /* which path_join has dropped */
		size_t end = strlen(parent->path);

		while (end > 1 && parent->path[end - 1] == '/')
			end--;
		while (end > 1 && parent->path[end - 1] != '/')
			end--;
		parent->path[end] = 0;
	}
	result = vfs_stat(parent, true, &stat);
	if (!result && (stat.mode & S_IFMT) != S_IFDIR)
		result = -ENOTDIR;
	kfree(parent);
	return result;
}

long name_ends_in_dot(const struct fs_name *name, long error)
{
	long missing;

	if (!ends_in(name, "."))
		return 0;
	missing = check_parent(name);
	return missing ? missing : error;
}

/* Calls FUNCTION, which makes a name, for the path at ADDRESS. */
static long call_at(int dirfd, uintptr_t address, unsigned flags, vfs_fn function, void *argument)
{
	struct fs_name *name;
	long result = name_from_user(dirfd, address, false, &name);

	if (result)
		return result;
	result = name_ends_in_dot(name, -EEXIST);
	if (!result)
		result = vfs_call(name, flags, function, argument);
	kfree(name);
	return result;
}

#define MODIFY(operation, ...)                                                                     \
	(mount->ops->operation ? mount->ops->operation(mount, path, ##__VA_ARGS__) : -EROFS)

static int64_t unlink_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	int64_t result = MODIFY(unlink, *(const bool *)argument);

	if (!result)
		vfs_deleted(path->redirect);
	return result;
}

static long unlink_at(int dirfd, uintptr_t path, bool directory)
{
	struct fs_name *name;
	long result = name_from_user(dirfd, path, false, &name);

	if (result)
		return result;
	if (directory)
		result = name_ends_in_dot(name, -EINVAL);
	if (!result)
		result = vfs_call(name, FS_NOFOLLOW | VFS_MODIFIES, unlink_in, &directory);
	kfree(name);
	return result;
}

SYSCALL(unlink)
{
	return unlink_at(AT_FDCWD, (uintptr_t)a0, false);
}

SYSCALL(rmdir)
{
	return unlink_at(AT_FDCWD, (uintptr_t)a0, true);
}

/* unlinkat(dirfd, path, flags) */
SYSCALL(unlinkat)
{
	if (a2 & ~(long)AT_REMOVEDIR)
		return -EINVAL;
	return unlink_at((int)a0, (uintptr_t)a1, a2 & AT_REMOVEDIR);
}

static int64_t mkdir_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return MODIFY(mkdir, *(const uint32_t *)argument);
}

static long mkdir_at(int dirfd, uintptr_t path, uint32_t mode)
{
	mode = umask_apply(mode & 01777);
	return call_at(dirfd, path, FS_NOFOLLOW | VFS_MODIFIES, mkdir_in, &mode);
}

SYSCALL(mkdir)
{
	return mkdir_at(AT_FDCWD, (uintptr_t)a0, (uint32_t)a1);
}

SYSCALL(mkdirat)
{
	return mkdir_at((int)a0, (uintptr_t)a1, (uint32_t)a2);
}

struct mknod_call {
	uint32_t mode;
	uint64_t device;
};

static int64_t mknod_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	const struct mknod_call *call = argument;

	return MODIFY(mknod, call->mode, call->device);
}

/* A regular file is made by opening it. */
static long make_regular(int dirfd, uintptr_t path, uint32_t mode)
{
	struct fs_name *name;
	struct file *file;
	long result = name_from_user(dirfd, path, false, &name);

	if (result)
		return result;
	result = name_ends_in_dot(name, -EEXIST);
	if (!result)
		result = vfs_open(name, O_CREAT | O_EXCL | O_WRONLY, mode, &file);
	if (!result)
		file_put(file);
	kfree(name);
	return result;
}

static long mknod_at(int dirfd, uintptr_t path, uint32_t mode, uint64_t device)
{
	struct mknod_call call = {(mode & S_IFMT) | umask_apply(mode), device};

	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
		return make_regular(dirfd, path, call.mode & 07777);
	case S_IFIFO:
	case S_IFSOCK:
	case S_IFCHR:
	case S_IFBLK:
		return call_at(dirfd, path, FS_NOFOLLOW | VFS_MODIFIES, mknod_in, &call);
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

SYSCALL(mknod)
{
	return mknod_at(AT_FDCWD, (uintptr_t)a0, (uint32_t)a1, (uint64_t)a2);
}

SYSCALL(mknodat)
{
	return mknod_at((int)a0, (uintptr_t)a1, (uint32_t)a2, (uint64_t)a3);
}

static int64_t symlink_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return mount->ops->symlink ? mount->ops->symlink(mount, argument, path) : -EROFS;
}

static long symlink_at(uintptr_t target, int dirfd, uintptr_t path)
{
	char *text = kmalloc(FS_PATH_MAX);
	long length, result;

	if (!text)
		return -ENOMEM;
	length = arch_user_read_string(text, target, FS_PATH_MAX);
	if (length < 0)
		result = length;
	else if (length == 0)
		result = -ENOENT;
	else
		result = call_at(dirfd, path, FS_NOFOLLOW | VFS_MODIFIES, symlink_in, text);
	kfree(text);
	return result;
}

/* symlink(target, path) */
SYSCALL(symlink)
{
	return symlink_at((uintptr_t)a0, AT_FDCWD, (uintptr_t)a1);
}

/* symlinkat(target, dirfd, path) */
SYSCALL(symlinkat)
{
	return symlink_at((uintptr_t)a0, (int)a1, (uintptr_t)a2);
}

static int64_t rename_in(struct fs_mount *mount, struct fs_path *from, struct fs_path *to,
			 int *which, void *argument)
{
	const unsigned flags = *(const unsigned *)argument;
	int64_t result =
		mount->ops->rename ? mount->ops->rename(mount, from, to, flags, which) : -EROFS;

	if (!result && strcmp(from->redirect, to->redirect) != 0)
		vfs_moved(from->redirect, to->redirect, flags & RENAME_EXCHANGE);
	return result;
}

/* Renaming from or to "." or "..": what Linux says of it, in its order. */
static long refuse_dots(const struct fs_name *from, const struct fs_name *to, unsigned flags)
{
	long error = check_parent(from);

	if (!error)
		error = check_parent(to);
	if (error)
		return error;
	return !ends_in_dots(from) && flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
}

static int64_t link_in(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, int *which,
		       void *argument)
{
	(void)argument;
	return mount->ops->link ? mount->ops->link(mount, from, to, which) : -EPERM;
}

/* A link to be made at "." in a directory. */
static long refuse_link_to_dot(struct fs_name *from, unsigned from_flags, const struct fs_name *to)
{
	file_stat_t stat;
	int error = vfs_stat(from, !(from_flags & FS_NOFOLLOW), &stat);

	return error ? error : name_ends_in_dot(to, -EEXIST);
}

/* Two paths: FUNCTION gets both. */
static long call2_at(int from_fd, uintptr_t from, unsigned from_flags, int to_fd, uintptr_t to,
		     vfs_fn2 function, void *argument)
{
	struct fs_name *names[2];
	long result = name_from_user(from_fd, from, false, &names[0]);

	if (result)
		return result;
	result = name_from_user(to_fd, to, false, &names[1]);
	if (!result) {
		if (function == rename_in && (ends_in_dots(names[0]) || ends_in_dots(names[1])))
			result = refuse_dots(names[0], names[1], *(const unsigned *)argument);
		else if (function == link_in && ends_in(names[1], "."))
			result = refuse_link_to_dot(names[0], from_flags, names[1]);
		else
			result = vfs_call2(names[0], from_flags, names[1], FS_NOFOLLOW, function,
					   argument);
		kfree(names[1]);
	}
	kfree(names[0]);
	return result;
}

SYSCALL(link)
{
	return call2_at(AT_FDCWD, (uintptr_t)a0, FS_NOFOLLOW, AT_FDCWD, (uintptr_t)a1, link_in,
			NULL);
}

/* linkat(from dirfd, from, to dirfd, to, flags) */
SYSCALL(linkat)
{
	if (a4 & ~(long)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return call2_at((int)a0, (uintptr_t)a1, a4 & AT_SYMLINK_FOLLOW ? 0 : FS_NOFOLLOW, (int)a2,
			(uintptr_t)a3, link_in, NULL);
}

static long rename_at(int from_fd, uintptr_t from, int to_fd, uintptr_t to, unsigned flags)
{
	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT) && flags & RENAME_EXCHANGE))
		return -EINVAL;
	return call2_at(from_fd, from, FS_NOFOLLOW, to_fd, to, rename_in, &flags);
}

SYSCALL(rename)
{
	return rename_at(AT_FDCWD, (uintptr_t)a0, AT_FDCWD, (uintptr_t)a1, 0);
}

SYSCALL(renameat)
{
	return rename_at((int)a0, (uintptr_t)a1, (int)a2, (uintptr_t)a3, 0);
}

SYSCALL(renameat2)
{
	return rename_at((int)a0, (uintptr_t)a1, (int)a2, (uintptr_t)a3, (unsigned)a4);
}
