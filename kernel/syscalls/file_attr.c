/* SPDX-License-Identifier: BSD-3-Clause */
/* Attributes, sizes, directories and durability of open files. */
#include <syscalls/fd.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <file/file.h>
#include <lib/string.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <syscalls/statfs.h>

#define GETDENTS_MAX (32ul << 10)

int file_stat_of(struct file *file, struct hc_stat *stat)
{
	if (file->ops->stat)
		return file->ops->stat(file, stat);
	*stat = (struct hc_stat){.mode = 0600, .nlink = 1, .blksize = PAGE_SIZE};
	return 0;
}

int stat_to_user(const struct hc_stat *s, uintptr_t address)
{
	struct stat out = {
		.st_dev = s->dev,
		.st_ino = s->ino,
		.st_nlink = s->nlink,
		.st_mode = s->mode,
		.st_uid = s->uid,
		.st_gid = s->gid,
		.st_rdev = s->rdev,
		.st_size = (long)s->size,
		.st_blksize = (long)s->blksize,
		.st_blocks = (long)s->blocks,
		.st_atime = (unsigned long)s->atime.sec,
		.st_atime_nsec = (unsigned long)s->atime.nsec,
		.st_mtime = (unsigned long)s->mtime.sec,
		.st_mtime_nsec = (unsigned long)s->mtime.nsec,
		.st_ctime = (unsigned long)s->ctime.sec,
		.st_ctime_nsec = (unsigned long)s->ctime.nsec,
	};

	return arch_user_write(address, &out, sizeof(out));
}

int statfs_to_user(const struct hc_statfs *s, uintptr_t address)
{
	struct statfs out = {
		.f_type = (long)s->type,
		.f_bsize = (long)s->bsize,
		.f_blocks = (long)s->blocks,
		.f_bfree = (long)s->bfree,
		.f_bavail = (long)s->bavail,
		.f_files = (long)s->files,
		.f_ffree = (long)s->ffree,
		.f_fsid = {{(int)s->fsid, (int)(s->fsid >> 32)}},
		.f_namelen = (long)s->namelen,
		.f_frsize = (long)s->frsize,
		.f_flags = (long)s->flags,
	};

	return arch_user_write(address, &out, sizeof(out));
}

/* fstat(fd, stat) */
SYSCALL(fstat)
{
	struct file *file = fd_get((int)a0);
	struct hc_stat stat;
	int error;

	if (!file)
		return -EBADF;
	error = file_stat_of(file, &stat);
	file_put(file);
	return error ? error : stat_to_user(&stat, (uintptr_t)a1);
}

/* fstatfs(fd, statfs) */
SYSCALL(fstatfs)
{
	struct file *file = fd_get((int)a0);
	struct hc_statfs statfs;
	int error;

	if (!file)
		return -EBADF;
	error = file->ops->statfs ? file->ops->statfs(file, &statfs) : -ENOSYS;
	file_put(file);
	return error ? error : statfs_to_user(&statfs, (uintptr_t)a1);
}

static long sync_file(int fd, bool data_only)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	if (file->kind & FILE_PATH_ONLY)
		result = -EBADF;
	else
		result = file->ops->sync ? file->ops->sync(file, data_only) : -EINVAL;
	file_put(file);
	return result;
}

SYSCALL(fsync)
{
	return sync_file((int)a0, false);
}

SYSCALL(fdatasync)
{
	return sync_file((int)a0, true);
}

static bool writable(const struct file *file)
{
	return (atomic_load(&file->flags) & O_ACCMODE) != O_RDONLY;
}

/* ftruncate(fd, size) */
SYSCALL(ftruncate)
{
	struct file *file = a1 < 0 ? NULL : fd_get((int)a0);
	long result;

	if (!file)
		return a1 < 0 ? -EINVAL : -EBADF;
	if (file->kind & FILE_PATH_ONLY)
		result = -EBADF;
	else if (!writable(file) || !file->ops->truncate)
		result = -EINVAL;
	else
		result = file->ops->truncate(file, (uint64_t)a1);
	file_put(file);
	return result;
}

#define FALLOC_KNOWN                                                                               \
	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |                   \
	 FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE)

/* In the order in which Linux finds fault. */
static int check_allocate(struct file *file, unsigned mode, long offset, long size)
{
	struct hc_stat stat;
	int error;

	if (file->kind & FILE_PATH_ONLY)
		return -EBADF;
	if (offset < 0 || size <= 0)
		return -EINVAL;
	if (mode & ~(unsigned)FALLOC_KNOWN ||
	    (mode & FALLOC_FL_PUNCH_HOLE && !(mode & FALLOC_FL_KEEP_SIZE)))
		return -EOPNOTSUPP;
	if (!file_writable(file))
		return -EBADF;
	error = file_stat_of(file, &stat);
	if (error)
		return error;
	if ((stat.mode & S_IFMT) == S_IFIFO)
		return -ESPIPE;
	if ((stat.mode & S_IFMT) != S_IFREG)
		return -ENODEV;
	if (size > INT64_MAX - offset)
		return -EFBIG;
	return file->ops->allocate ? 0 : -EOPNOTSUPP;
}

/* fallocate(fd, mode, offset, size) */
SYSCALL(fallocate)
{
	struct file *file = fd_get((int)a0);
	long result;

	if (!file)
		return -EBADF;
	result = check_allocate(file, (unsigned)a1, a2, a3);
	if (!result)
		result = file->ops->allocate(file, (int)a1, (uint64_t)a2, (uint64_t)a3);
	file_put(file);
	return result;
}

/* Advice changes nothing: the host caches files. */
static long advise(int fd, bool valid)
{
	struct file *file = fd_get(fd);
	long result = 0;

	if (!file)
		return -EBADF;
	if (file->kind & FILE_STREAM)
		result = -ESPIPE;
	else if (!valid)
		result = -EINVAL;
	file_put(file);
	return result;
}

/* fadvise64(fd, offset, size, advice) */
SYSCALL(fadvise64)
{
	return advise((int)a0,
		      a2 >= 0 && (int)a3 >= POSIX_FADV_NORMAL && (int)a3 <= POSIX_FADV_NOREUSE);
}

SYSCALL(readahead)
{
	return advise((int)a0, true);
}

/* sync_file_range(fd, offset, size, flags) */
SYSCALL(sync_file_range)
{
	if (a1 < 0 || a2 < 0 || a3 & ~7l)
		return -EINVAL;
	return sync_file((int)a0, true);
}

#define LOCK_OPERATIONS (LOCK_SH | LOCK_EX | LOCK_UN)

/* flock(fd, operation) */
SYSCALL(flock)
{
	int operation = (int)a1 & ~LOCK_NB;
	struct file *file = fd_get((int)a0);
	long result;

	if (!file)
		return -EBADF;
	if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN)
		result = -EINVAL;
	else
		result = file->ops->flock ? file->ops->flock(file, (int)a1) : 0;
	file_put(file);
	return result;
}

/* fchmod(fd, mode) */
SYSCALL(fchmod)
{
	struct file *file = fd_get((int)a0);
	long result;

	if (!file)
		return -EBADF;
	if (file->kind & FILE_PATH_ONLY)
		result = -EBADF;
	else
		result = file->ops->chmod ? file->ops->chmod(file, (uint32_t)a1 & 07777) : -EPERM;
	file_put(file);
	return result;
}

/* fchown(fd, uid, gid) */
SYSCALL(fchown)
{
	struct file *file = fd_get((int)a0);
	long result;

	if (!file)
		return -EBADF;
	if (file->kind & FILE_PATH_ONLY)
		result = -EBADF;
	else
		result = file->ops->chown ? file->ops->chown(file, (uint32_t)a1, (uint32_t)a2)
					  : -EPERM;
	file_put(file);
	return result;
}

struct linux_dirent64_head {
	uint64_t ino;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
} __attribute__((packed));

/* Moves SIZE bytes of records in BUFFER to the application at ADDRESS. Bytes, or -EFAULT. */
typedef int64_t (*records_out_fn)(uintptr_t address, uint8_t *buffer, size_t size);

/* Reads records of the directory at FD and hands them over; entries that could not be handed over
 * stay to be read. Bytes, or -errno. */
static int64_t read_directory(int fd, uint8_t *buffer, size_t size, uintptr_t address,
			      records_out_fn out)
{
	struct file *file = fd_get(fd);
	int64_t result;

	if (!file)
		return -EBADF;
	if (file->kind & FILE_PATH_ONLY) {
		result = -EBADF;
	} else if (!file->ops->getdents) {
		result = -ENOTDIR;
	} else {
		uint64_t before;

		mutex_lock(&file->offset_lock);
		before = file->offset;
		result = file->ops->getdents(file, buffer, size);
		if (result > 0)
			result = out(address, buffer, (size_t)result);
		if (result < 0)
			file->offset = before;
		mutex_unlock(&file->offset_lock);
	}
	file_put(file);
	return result;
}

static int64_t records_out(uintptr_t address, uint8_t *buffer, size_t size)
{
	return arch_user_write(address, buffer, size) ? -EFAULT : (int64_t)size;
}

/* getdents64(fd, buffer, size) */
SYSCALL(getdents64)
{
	size_t size = MIN((size_t)(unsigned)a2, GETDENTS_MAX);
	uint8_t *buffer = kmalloc(size);
	int64_t result = buffer ? read_directory((int)a0, buffer, size, (uintptr_t)a1, records_out)
				: -ENOMEM;

	kfree(buffer);
	return result;
}

/* The old record has the type in its last byte instead of before the name; its size is the same. */
static void convert_record(struct linux_dirent64_head *record)
{
	uint8_t *bytes = (uint8_t *)record, type = record->type;

	memmove(bytes + offsetof(struct linux_dirent64_head, type), record->name,
		strlen(record->name) + 1);
	bytes[record->length - 1] = type;
}

static int64_t old_records_out(uintptr_t address, uint8_t *buffer, size_t size)
{
	for (size_t at = 0; at < size;) {
		struct linux_dirent64_head *record = (void *)(buffer + at);

		at += record->length;
		convert_record(record);
	}
	return records_out(address, buffer, size);
}

/* getdents(fd, buffer, size) */
SYSCALL(getdents)
{
	size_t size = MIN((size_t)(unsigned)a2, GETDENTS_MAX);
	uint8_t *buffer = kmalloc(size);
	int64_t result =
		buffer ? read_directory((int)a0, buffer, size, (uintptr_t)a1, old_records_out)
		       : -ENOMEM;

	kfree(buffer);
	return result;
}
