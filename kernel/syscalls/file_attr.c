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

static long do_fstat(struct file *file, const long *args)
{
	struct hc_stat stat;
	int error = file_stat_of(file, &stat);

	return error ? error : stat_to_user(&stat, (uintptr_t)args[0]);
}

/* fstat(fd, stat) */
SYSCALL(fstat)
{
	return fd_call_path((int)a0, do_fstat, (const long[]){a1});
}

static long do_fstatfs(struct file *file, const long *args)
{
	struct hc_statfs statfs;
	int error = file->ops->statfs ? file->ops->statfs(file, &statfs) : -ENOSYS;

	return error ? error : statfs_to_user(&statfs, (uintptr_t)args[0]);
}

/* fstatfs(fd, statfs) */
SYSCALL(fstatfs)
{
	return fd_call_path((int)a0, do_fstatfs, (const long[]){a1});
}

/* ARGS: data only. */
static long do_sync(struct file *file, const long *args)
{
	return file->ops->sync ? file->ops->sync(file, args[0]) : -EINVAL;
}

SYSCALL(fsync)
{
	return fd_call((int)a0, do_sync, (const long[]){false});
}

SYSCALL(fdatasync)
{
	return fd_call((int)a0, do_sync, (const long[]){true});
}

/* sync_file_range(fd, offset, size, flags) */
SYSCALL(sync_file_range)
{
	if (a1 < 0 || a2 < 0 || a3 & ~7l)
		return -EINVAL;
	return fd_call((int)a0, do_sync, (const long[]){true});
}

static long do_ftruncate(struct file *file, const long *args)
{
	if (!file_writable(file) || !file->ops->truncate)
		return -EINVAL;
	return file->ops->truncate(file, (uint64_t)args[0]);
}

/* ftruncate(fd, size) */
SYSCALL(ftruncate)
{
	return a1 < 0 ? -EINVAL : fd_call((int)a0, do_ftruncate, (const long[]){a1});
}

#define FALLOC_KNOWN                                                                               \
	(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |                   \
	 FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE)

/* In the order in which Linux finds fault. */
static int check_allocate(struct file *file, unsigned mode, long offset, long size)
{
	struct hc_stat stat;
	int error;

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

static long do_allocate(struct file *file, const long *args)
{
	int error = check_allocate(file, (unsigned)args[0], args[1], args[2]);

	return error ? error
		     : file->ops->allocate(file, (int)args[0], (uint64_t)args[1],
					   (uint64_t)args[2]);
}

/* fallocate(fd, mode, offset, size) */
SYSCALL(fallocate)
{
	return fd_call((int)a0, do_allocate, (const long[]){a1, a2, a3});
}

/* Advice changes nothing: the host caches files. ARGS: is it known? */
static long do_advise(struct file *file, const long *args)
{
	if (file->kind & FILE_STREAM)
		return -ESPIPE;
	return args[0] ? 0 : -EINVAL;
}

/* fadvise64(fd, offset, size, advice) */
SYSCALL(fadvise64)
{
	bool known = a2 >= 0 && (int)a3 >= POSIX_FADV_NORMAL && (int)a3 <= POSIX_FADV_NOREUSE;

	return fd_call((int)a0, do_advise, (const long[]){known});
}

static long do_readahead(struct file *file, const long *args)
{
	(void)args;
	if (!file_readable(file))
		return -EBADF;
	return file->kind & (FILE_STREAM | FILE_DIRECTORY) ? -EINVAL : 0;
}

SYSCALL(readahead)
{
	return fd_call((int)a0, do_readahead, NULL);
}

static long do_flock(struct file *file, const long *args)
{
	int operation = (int)args[0];

	switch (operation & ~LOCK_NB) {
	case LOCK_SH:
	case LOCK_EX:
	case LOCK_UN:
		return file->ops->flock ? file->ops->flock(file, operation) : 0;
	default:
		return -EINVAL;
	}
}

/* flock(fd, operation) */
SYSCALL(flock)
{
	return fd_call((int)a0, do_flock, (const long[]){a1});
}

static long do_fchmod(struct file *file, const long *args)
{
	return file->ops->chmod ? file->ops->chmod(file, (uint32_t)args[0] & 07777) : -EPERM;
}

/* fchmod(fd, mode) */
SYSCALL(fchmod)
{
	return fd_call((int)a0, do_fchmod, (const long[]){a1});
}

static long do_fchown(struct file *file, const long *args)
{
	return file->ops->chown ? file->ops->chown(file, (uint32_t)args[0], (uint32_t)args[1])
				: -EPERM;
}

/* fchown(fd, uid, gid) */
SYSCALL(fchown)
{
	return fd_call((int)a0, do_fchown, (const long[]){a1, a2});
}

long chown_of_fd(int fd, long uid, long gid)
{
	return fd_call_path(fd, do_fchown, (const long[]){uid, gid});
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

static int64_t records_out(uintptr_t address, uint8_t *buffer, size_t size)
{
	return arch_user_write(address, buffer, size) ? -EFAULT : (int64_t)size;
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

/* Reads records and hands them over by OUT; entries that could not be handed over stay to be read.
 * Bytes, or -errno. */
static int64_t read_directory(struct file *file, uintptr_t address, size_t size, records_out_fn out)
{
	uint8_t *buffer;
	int64_t result;
	uint64_t before;

	if (!file->ops->getdents)
		return -ENOTDIR;
	buffer = kmalloc(size);
	if (!buffer)
		return -ENOMEM;
	mutex_lock(&file->offset_lock);
	before = file->offset;
	result = file->ops->getdents(file, buffer, size);
	if (result > 0)
		result = out(address, buffer, (size_t)result);
	if (result < 0)
		file->offset = before;
	mutex_unlock(&file->offset_lock);
	kfree(buffer);
	return result;
}

/* ARGS: buffer, size, is it the old form? */
static long do_getdents(struct file *file, const long *args)
{
	size_t size = MIN((size_t)(unsigned)args[1], GETDENTS_MAX);

	return read_directory(file, (uintptr_t)args[0], size,
			      args[2] ? old_records_out : records_out);
}

/* getdents64(fd, buffer, size) */
SYSCALL(getdents64)
{
	return fd_call((int)a0, do_getdents, (const long[]){a1, a2, false});
}

/* getdents(fd, buffer, size) */
SYSCALL(getdents)
{
	return fd_call((int)a0, do_getdents, (const long[]){a1, a2, true});
}
