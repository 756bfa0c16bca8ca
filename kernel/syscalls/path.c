/* SPDX-License-Identifier: BSD-3-Clause */
/* Names from the application; the current directory; the mode mask. */
#include <syscalls/path.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <file/file.h>
#include <lib/string.h>
#include <linux/fcntl.h>
#include <mm/heap.h>
#include <mm/vm.h>
#include <stdatomic.h>

static _Atomic uint32_t mask = 022;

void umask_init(uint32_t start)
{
	atomic_store(&mask, start & 0777);
}

uint32_t umask_get(void)
{
	return atomic_load(&mask);
}

uint32_t umask_apply(uint32_t mode)
{
	return mode & 07777 & ~atomic_load(&mask);
}

int path_of_directory(int dirfd, char *out)
{
	struct file *file;
	int error = 0;

	if (dirfd == AT_FDCWD) {
		vfs_cwd_get(out);
		return 0;
	}
	file = fd_get(dirfd);
	if (!file)
		return -EBADF;
	if (!(file->kind & FILE_DIRECTORY))
		error = -ENOTDIR;
	else if (file_path_copy(file, out, FS_PATH_MAX + 1) > FS_PATH_MAX)
		error = -ENAMETOOLONG;
	file_put(file);
	return error;
}

/* Joins the path in name->redirect with its directory. */
static int resolve(int dirfd, struct fs_name *name)
{
	char *directory = NULL;
	int error = 0;

	if (name->redirect[0] == '/')
		return path_join(name->path, "/", name->redirect);
	directory = kmalloc(FS_PATH_MAX + 1);
	if (!directory)
		return -ENOMEM;
	error = path_of_directory(dirfd, directory);
	if (!error)
		error = path_join(name->path, directory, name->redirect);
	kfree(directory);
	return error;
}

int name_from_user(int dirfd, uintptr_t address, bool empty_ok, struct fs_name **out)
{
	struct fs_name *name = kmalloc(sizeof(*name));
	long length;
	int error;

	if (!name)
		return -ENOMEM;
	length = arch_user_read_string(name->redirect, address, FS_PATH_MAX);
	if (length < 0)
		error = (int)length;
	else if (length == 0)
		error = empty_ok ? -ENODATA : -ENOENT;
	else
		error = resolve(dirfd, name);
	if (error)
		kfree(name);
	else
		*out = name;
	return error;
}

long path_call(int dirfd, uintptr_t address, bool empty_ok,
	       long (*check)(const struct fs_name *name), unsigned flags, vfs_fn function,
	       void *argument)
{
	struct fs_name *name;
	long result = name_from_user(dirfd, address, empty_ok, &name);

	if (result)
		return result;
	result = check ? check(name) : 0;
	if (!result)
		result = vfs_call(name, flags, function, argument);
	kfree(name);
	return result;
}

SYSCALL(umask)
{
	return atomic_exchange(&mask, (uint32_t)a0 & 0777);
}

/* Is the current directory still there? Its path is in NAME. */
static int check_cwd(struct fs_name *name)
{
	file_stat_t stat;

	vfs_cwd_get(name->path);
	if (vfs_stat(name, true, &stat) == -ENOENT)
		return -ENOENT;
	vfs_cwd_get(name->path); /* a redirection may have changed it */
	return 0;
}

/* getcwd(buffer, size): length with the NUL */
SYSCALL(getcwd)
{
	struct fs_name *name = kmalloc(sizeof(*name));
	long result;

	if (!name)
		return -ENOMEM;
	result = check_cwd(name);
	if (!result) {
		size_t length = strlen(name->path) + 1;

		if (length > (size_t)a1)
			result = -ERANGE;
		else if (arch_user_write((uintptr_t)a0, name->path, length))
			result = -EFAULT;
		else
			result = (long)length;
	}
	kfree(name);
	return result;
}

static int64_t resolve_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return mount->ops->resolve_dir(mount, path, argument);
}

SYSCALL(chdir)
{
	char *resolved = kmalloc(FS_PATH_MAX + 1);
	long result =
		resolved ? path_call(AT_FDCWD, (uintptr_t)a0, false, NULL, 0, resolve_in, resolved)
			 : -ENOMEM;

	if (!result)
		vfs_cwd_set(resolved);
	kfree(resolved);
	return result;
}

SYSCALL(fchdir)
{
	struct file *file = fd_get((int)a0);
	long result = 0;
	char *path;

	if (!file)
		return -EBADF;
	path = kmalloc(FS_PATH_MAX + 1);
	if (!path)
		result = -ENOMEM;
	else if (!(file->kind & FILE_DIRECTORY))
		result = -ENOTDIR;
	else if (file_path_copy(file, path, FS_PATH_MAX + 1) > FS_PATH_MAX)
		result = -ENAMETOOLONG;
	else
		vfs_cwd_set(path);
	kfree(path);
	file_put(file);
	return result;
}

/* There is one name space, and the proxy confines it. */
SYSCALL(chroot)
{
	return -EPERM;
}

SYSCALL(mount)
{
	return -EPERM;
}

SYSCALL(umount2)
{
	return -EPERM;
}

SYSCALL(sync)
{
	vm_sync_all();
	return 0;
}

SYSCALL(syncfs)
{
	struct file *file = fd_get((int)a0);

	if (!file)
		return -EBADF;
	vm_sync_all();
	file_put(file);
	return 0;
}
