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

static long check_new(const struct fs_name *name)
{
	return name_ends_in_dot(name, -EEXIST);
}

static long check_rmdir(const struct fs_name *name)
{
	return name_ends_in_dot(name, -EINVAL);
}

/* Calls FUNCTION, which makes a name, for the path at ADDRESS. */
static long make_at(int dirfd, uintptr_t address, vfs_fn function, void *argument)
{
	return path_call(dirfd, address, false, check_new, FS_NOFOLLOW | VFS_MODIFIES, function,
			 argument);
}

static int64_t unlink_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	int64_t result = PATH_MODIFY(unlink, *(const bool *)argument);

	if (!result)
		vfs_deleted(path->redirect);
	return result;
}

static long unlink_at(int dirfd, uintptr_t path, bool directory)
{
	return path_call(dirfd, path, false, directory ? check_rmdir : NULL,
			 FS_NOFOLLOW | VFS_MODIFIES, unlink_in, &directory);
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
	return PATH_MODIFY(mkdir, *(const uint32_t *)argument);
}

static long mkdir_at(int dirfd, uintptr_t path, uint32_t mode)
{
	mode = umask_apply(mode & 01777);
	return make_at(dirfd, path, mkdir_in, &mode);
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

	return PATH_MODIFY(mknod, call->mode, call->device);
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
		return make_at(dirfd, path, mknod_in, &call);
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
		result = make_at(dirfd, path, symlink_in, text);
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

/* A link that cannot be, for the reason ERROR: what is wrong with the old name comes first, then
 * what is at the new one (NULL: there is none). */
static long refuse_link(struct fs_name *from, unsigned from_flags, struct fs_name *to, long error)
{
	file_stat_t stat;
	int missing = vfs_stat(from, !(from_flags & FS_NOFOLLOW), &stat);

	if (missing || !to)
		return missing ? missing : error;
	missing = vfs_stat(to, false, &stat);
	return !missing ? -EEXIST : missing == -ENOENT ? error : missing;
}

static long link_at(int from_fd, uintptr_t from_path, unsigned from_flags, int to_fd,
		    uintptr_t to_path)
{
	struct fs_name *from, *to = NULL;
	long result = name_from_user(from_fd, from_path, false, &from);

	if (result)
		return result;
	result = name_from_user(to_fd, to_path, false, &to);
	if (!result)
		result = name_ends_in_dot(to, -EEXIST);
	if (result)
		result = refuse_link(from, from_flags, NULL, result);
	else
		result = vfs_call2(from, from_flags, to, FS_NOFOLLOW, link_in, NULL);
	if (result == -EXDEV)
		result = refuse_link(from, from_flags, to, -EXDEV);
	kfree(to);
	kfree(from);
	return result;
}

SYSCALL(link)
{
	return link_at(AT_FDCWD, (uintptr_t)a0, FS_NOFOLLOW, AT_FDCWD, (uintptr_t)a1);
}

/* Another name, at TO, for the open FILE, whose reference it takes. */
static long link_file(struct file *file, int to_fd, uintptr_t to)
{
	struct fs_name *name;
	long result = name_from_user(to_fd, to, false, &name);

	if (!result) {
		result = name_ends_in_dot(name, -EEXIST);
		if (!result)
			result = vfs_link_file(file, name);
		kfree(name);
	}
	file_put(file);
	return result;
}

/* The open file that FROM means: FROM_FD itself, or by its name in /proc. 0 and NULL: it means a
 * file by its own name. */
static long linked_file(int from_fd, uintptr_t from, unsigned flags, struct file **file)
{
	struct fs_name *name;
	long result = name_from_user(from_fd, from, flags & AT_EMPTY_PATH, &name);

	*file = NULL;
	if (result == -ENODATA) {
		*file = fd_get(from_fd);
		return *file || from_fd == AT_FDCWD ? 0 : -EBADF;
	}
	if (result)
		return result;
	if (flags & AT_SYMLINK_FOLLOW)
		result = vfs_linked_file(name, file);
	kfree(name);
	return result;
}

/* linkat(from dirfd, from, to dirfd, to, flags) */
SYSCALL(linkat)
{
	struct file *file = NULL;
	long error = 0;

	if (a4 & ~(long)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (a4)
		error = linked_file((int)a0, (uintptr_t)a1, (unsigned)a4, &file);
	if (error)
		return error;
	if (file)
		return link_file(file, (int)a2, (uintptr_t)a3);
	return link_at((int)a0, (uintptr_t)a1, a4 & AT_SYMLINK_FOLLOW ? 0 : FS_NOFOLLOW, (int)a2,
		       (uintptr_t)a3);
}

static long rename_at(int from_fd, uintptr_t from_path, int to_fd, uintptr_t to_path,
		      unsigned flags)
{
	struct fs_name *from, *to;
	long result;

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT) && flags & RENAME_EXCHANGE))
		return -EINVAL;
	result = name_from_user(from_fd, from_path, false, &from);
	if (result)
		return result;
	result = name_from_user(to_fd, to_path, false, &to);
	if (!result) {
		result = ends_in_dots(from) || ends_in_dots(to)
				 ? refuse_dots(from, to, flags)
				 : vfs_call2(from, FS_NOFOLLOW, to, FS_NOFOLLOW, rename_in, &flags);
		kfree(to);
	}
	kfree(from);
	return result;
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
