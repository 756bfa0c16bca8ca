/* SPDX-License-Identifier: BSD-3-Clause */
/* Attributes by path: stat(2) and its family, access(2), statfs(2), readlink(2). */
#include <arch/user.h>
#include <asm/errno.h>
#include <asm/stat.h>
#include <file/file.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <syscalls/fd.h>
#include <syscalls/path.h>
#include <syscalls/statfs.h>

#define ACCESS_MODES 7u /* R_OK | W_OK | X_OK */

/* Attributes of DIRFD itself (AT_EMPTY_PATH). */
static int stat_fd(int dirfd, file_stat_t *stat)
{
	struct fs_name *name;
	struct file *file;
	int error;

	if (dirfd != AT_FDCWD) {
		file = fd_get(dirfd);
		if (!file)
			return -EBADF;
		error = file_stat_of(file, stat);
		file_put(file);
		return error;
	}
	name = kmalloc(sizeof(*name));
	if (!name)
		return -ENOMEM;
	vfs_cwd_get(name->path);
	error = vfs_stat(name, true, stat);
	kfree(name);
	return error;
}

/* FLAGS: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
static int stat_at(int dirfd, uintptr_t path, unsigned flags, file_stat_t *stat)
{
	struct fs_name *name;
	int error = name_from_user(dirfd, path, flags & AT_EMPTY_PATH, &name);

	if (error == -ENODATA)
		return stat_fd(dirfd, stat);
	if (error)
		return error;
	error = vfs_stat(name, !(flags & AT_SYMLINK_NOFOLLOW), stat);
	kfree(name);
	return error;
}

static long stat_user(int dirfd, uintptr_t path, unsigned flags, uintptr_t out)
{
	file_stat_t stat;
	int error = stat_at(dirfd, path, flags, &stat);

	return error ? error : stat_to_user(&stat, out);
}

SYSCALL(stat)
{
	return stat_user(AT_FDCWD, (uintptr_t)a0, 0, (uintptr_t)a1);
}

SYSCALL(lstat)
{
	return stat_user(AT_FDCWD, (uintptr_t)a0, AT_SYMLINK_NOFOLLOW, (uintptr_t)a1);
}

/* newfstatat(dirfd, path, stat, flags) */
SYSCALL(newfstatat)
{
	unsigned flags = (unsigned)a3;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	return stat_user((int)a0, (uintptr_t)a1, flags, (uintptr_t)a2);
}

static struct statx_timestamp timestamp(const struct hc_time *time)
{
	return (struct statx_timestamp){.tv_sec = time->sec, .tv_nsec = (uint32_t)time->nsec};
}

static void fill_statx(struct statx *out, const file_stat_t *s)
{
	*out = (struct statx){
		.stx_mask = STATX_BASIC_STATS | (s->btime.sec ? STATX_BTIME : 0),
		.stx_blksize = (uint32_t)s->blksize,
		.stx_nlink = (uint32_t)s->nlink,
		.stx_uid = s->uid,
		.stx_gid = s->gid,
		.stx_mode = (uint16_t)s->mode,
		.stx_ino = s->ino,
		.stx_size = s->size,
		.stx_blocks = s->blocks,
		.stx_atime = timestamp(&s->atime),
		.stx_btime = timestamp(&s->btime),
		.stx_ctime = timestamp(&s->ctime),
		.stx_mtime = timestamp(&s->mtime),
		/* dev_t as Linux encodes it for the application (linux/kdev_t.h) */
		.stx_rdev_major = (uint32_t)(s->rdev >> 8 & 0xfff),
		.stx_rdev_minor = (uint32_t)((s->rdev & 0xff) | (s->rdev >> 12 & 0xffffff00)),
		.stx_dev_major = (uint32_t)(s->dev >> 8 & 0xfff),
		.stx_dev_minor = (uint32_t)((s->dev & 0xff) | (s->dev >> 12 & 0xffffff00)),
	};
}

#define STATX_FLAGS                                                                                \
	((unsigned)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))

/* statx(dirfd, path, flags, mask, statx) */
SYSCALL(statx)
{
	unsigned flags = (unsigned)a2;
	file_stat_t stat;
	struct statx out;
	int error;

	if (flags & ~STATX_FLAGS || (unsigned)a3 & STATX__RESERVED ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	error = stat_at((int)a0, (uintptr_t)a1, flags, &stat);
	if (error)
		return error;
	fill_statx(&out, &stat);
	return arch_user_write((uintptr_t)a4, &out, sizeof(out));
}

static int64_t access_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return mount->ops->access(mount, path, *(const unsigned *)argument);
}

static long access_at(int dirfd, uintptr_t path, unsigned mode, unsigned flags)
{
	file_stat_t stat;
	long result;

	if (mode & ~ACCESS_MODES)
		return -EINVAL;
	result = path_call(dirfd, path, flags & AT_EMPTY_PATH, NULL,
			   flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0, access_in, &mode);
	return result == -ENODATA ? stat_fd(dirfd, &stat) : result;
}

SYSCALL(access)
{
	return access_at(AT_FDCWD, (uintptr_t)a0, (unsigned)a1, 0);
}

SYSCALL(faccessat)
{
	return access_at((int)a0, (uintptr_t)a1, (unsigned)a2, 0);
}

/* faccessat2(dirfd, path, mode, flags) */
SYSCALL(faccessat2)
{
	unsigned flags = (unsigned)a3;

	if (flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return access_at((int)a0, (uintptr_t)a1, (unsigned)a2, flags);
}

static int64_t statfs_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return mount->ops->statfs ? mount->ops->statfs(mount, path, argument) : -ENOSYS;
}

/* statfs(path, statfs) */
SYSCALL(statfs)
{
	struct hc_statfs statfs;
	long result = path_call(AT_FDCWD, (uintptr_t)a0, false, NULL, 0, statfs_in, &statfs);

	return result ? result : statfs_to_user(&statfs, (uintptr_t)a1);
}

struct readlink_call {
	char *target;
	size_t size;
};

static int64_t readlink_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	const struct readlink_call *call = argument;

	return mount->ops->readlink ? mount->ops->readlink(mount, path, call->target, call->size)
				    : -EINVAL;
}

static long readlink_at(int dirfd, uintptr_t path, uintptr_t buffer, long size)
{
	struct readlink_call call = {.size = FS_PATH_MAX};
	long result;

	if ((int)size <= 0)
		return -EINVAL;
	call.target = kmalloc(FS_PATH_MAX);
	result = call.target ? path_call(dirfd, path, false, NULL, FS_NOFOLLOW, readlink_in, &call)
			     : -ENOMEM;
	if (result > 0) {
		result = MIN(result, (long)(int)size);
		if (arch_user_write(buffer, call.target, (size_t)result))
			result = -EFAULT;
	}
	kfree(call.target);
	return result;
}

/* readlink(path, buffer, size) */
SYSCALL(readlink)
{
	return readlink_at(AT_FDCWD, (uintptr_t)a0, (uintptr_t)a1, a2);
}

/* readlinkat(dirfd, path, buffer, size) */
SYSCALL(readlinkat)
{
	return readlink_at((int)a0, (uintptr_t)a1, (uintptr_t)a2, a3);
}
