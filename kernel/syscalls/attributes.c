/* SPDX-License-Identifier: BSD-3-Clause */
/* Changing attributes by path: mode, owner, times, size. */
#include <arch/user.h>
#include <asm/errno.h>
#include <file/file.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <syscalls/fd.h>
#include <syscalls/path.h>

#define NSEC_NOW  ((1l << 30) - 1l) /* UTIME_NOW */
#define NSEC_OMIT ((1l << 30) - 2l) /* UTIME_OMIT */

/* -ENODATA: the path is empty and AT_EMPTY_PATH says that DIRFD itself is meant. */
static long change_at(int dirfd, uintptr_t address, unsigned at_flags, vfs_fn function,
		      void *argument)
{
	unsigned flags = VFS_MODIFIES | (at_flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0);

	return path_call(dirfd, address, at_flags & AT_EMPTY_PATH, NULL, flags, function, argument);
}

static int64_t chmod_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return PATH_MODIFY(chmod, *(const uint32_t *)argument);
}

static long chmod_at(int dirfd, uintptr_t path, uint32_t mode)
{
	mode &= 07777;
	return change_at(dirfd, path, 0, chmod_in, &mode);
}

SYSCALL(chmod)
{
	return chmod_at(AT_FDCWD, (uintptr_t)a0, (uint32_t)a1);
}

SYSCALL(fchmodat)
{
	return chmod_at((int)a0, (uintptr_t)a1, (uint32_t)a2);
}

static int64_t chown_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	const uint32_t *ids = argument;

	return PATH_MODIFY(chown, ids[0], ids[1]);
}

static long chown_at(int dirfd, uintptr_t path, long uid, long gid, unsigned flags)
{
	uint32_t ids[2] = {(uint32_t)uid, (uint32_t)gid};
	long result = change_at(dirfd, path, flags, chown_in, ids);

	return result == -ENODATA ? chown_of_fd(dirfd, uid, gid) : result;
}

SYSCALL(chown)
{
	return chown_at(AT_FDCWD, (uintptr_t)a0, a1, a2, 0);
}

SYSCALL(lchown)
{
	return chown_at(AT_FDCWD, (uintptr_t)a0, a1, a2, AT_SYMLINK_NOFOLLOW);
}

/* fchownat(dirfd, path, uid, gid, flags) */
SYSCALL(fchownat)
{
	if (a4 & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return chown_at((int)a0, (uintptr_t)a1, a2, a3, (unsigned)a4);
}

static int64_t truncate_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return PATH_MODIFY(truncate, *(const uint64_t *)argument);
}

SYSCALL(truncate)
{
	uint64_t size = (uint64_t)a1;

	return a1 < 0 ? -EINVAL : change_at(AT_FDCWD, (uintptr_t)a0, 0, truncate_in, &size);
}

static int64_t utimens_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return PATH_MODIFY(utimens, argument);
}

/* ARGS: address of the times, kernel memory. */
static long do_utimens(struct file *file, const long *args)
{
	const struct hc_time *times = (const struct hc_time *)args[0];

	return file->ops->utimens ? file->ops->utimens(file, times) : -EPERM;
}

static long utimens_fd(int fd, const struct hc_time times[2])
{
	return fd_call(fd, do_utimens, (const long[]){(long)times});
}

/* PATH NULL: DIRFD itself. */
static long utimens_at(int dirfd, uintptr_t path, struct hc_time times[2], unsigned flags)
{
	long result;

	if (!path && dirfd != AT_FDCWD)
		return flags ? -EINVAL : utimens_fd(dirfd, times);
	result = change_at(dirfd, path, flags, utimens_in, times);
	return result == -ENODATA ? utimens_fd(dirfd, times) : result;
}

static const struct hc_time now[2] = {{0, NSEC_NOW}, {0, NSEC_NOW}};

static bool valid_nsec(int64_t nsec)
{
	return nsec == NSEC_NOW || nsec == NSEC_OMIT || (nsec >= 0 && nsec < (int64_t)NS_PER_SEC);
}

/* utimensat(dirfd, path, timespec[2], flags) */
SYSCALL(utimensat)
{
	struct hc_time times[2] = {now[0], now[1]};

	if (a3 & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (a2 && arch_user_read(times, (uintptr_t)a2, sizeof(times)))
		return -EFAULT;
	if (!valid_nsec(times[0].nsec) || !valid_nsec(times[1].nsec))
		return -EINVAL;
	if (times[0].nsec == NSEC_OMIT && times[1].nsec == NSEC_OMIT)
		return 0;
	return utimens_at((int)a0, (uintptr_t)a1, times, (unsigned)a3);
}

/* Times as struct timeval[2] at ADDRESS; none: now. */
static int read_timevals(uintptr_t address, struct hc_time times[2])
{
	times[0] = now[0];
	times[1] = now[1];
	if (!address)
		return 0;
	if (arch_user_read(times, address, 2 * sizeof(times[0])))
		return -EFAULT;
	for (unsigned i = 0; i < 2; i++) {
		if (times[i].nsec < 0 || times[i].nsec >= 1000000)
			return -EINVAL;
		times[i].nsec *= 1000;
	}
	return 0;
}

/* futimesat(dirfd, path, timeval[2]) */
SYSCALL(futimesat)
{
	struct hc_time times[2];
	int error = read_timevals((uintptr_t)a2, times);

	return error ? error : utimens_at((int)a0, (uintptr_t)a1, times, 0);
}

SYSCALL(utimes)
{
	struct hc_time times[2];
	int error = read_timevals((uintptr_t)a1, times);

	return error ? error : utimens_at(AT_FDCWD, (uintptr_t)a0, times, 0);
}

/* utime(path, {access, modification} in seconds) */
SYSCALL(utime)
{
	struct hc_time times[2] = {now[0], now[1]};
	int64_t seconds[2];

	if (a1) {
		if (arch_user_read(seconds, (uintptr_t)a1, sizeof(seconds)))
			return -EFAULT;
		times[0] = (struct hc_time){seconds[0], 0};
		times[1] = (struct hc_time){seconds[1], 0};
	}
	return utimens_at(AT_FDCWD, (uintptr_t)a0, times, 0);
}
