/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors: closing, copying, flags. */
#include <syscalls/fd.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <file/file.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* Status flags that F_SETFL may change. */
#define SETFL_FLAGS ((unsigned)(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | FASYNC))

long fd_call_path(int fd, fd_fn function, const long *args)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = function(file, args);
	file_put(file);
	return result;
}

long fd_call(int fd, fd_fn function, const long *args)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = file->kind & FILE_PATH_ONLY ? -EBADF : function(file, args);
	file_put(file);
	return result;
}

/* close(fd) */
SYSCALL(close)
{
	return fd_close((int)a0);
}

/* close_range(first, last, flags) */
SYSCALL(close_range)
{
	unsigned first = (unsigned)a0, last = (unsigned)a1, size = fd_table_size();

	if ((unsigned)a2 & ~(unsigned)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	for (unsigned fd = first; fd <= last && fd < size; fd++) {
		if ((unsigned)a2 & CLOSE_RANGE_CLOEXEC)
			(void)!fd_set_cloexec((int)fd, true);
		else
			(void)fd_close((int)fd);
	}
	return 0;
}

/* A second descriptor >= MINIMUM for the file behind FD. */
static long duplicate(int fd, int minimum, bool close_on_exec)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = fd_install(file, minimum, close_on_exec);
	if (result < 0)
		file_put(file);
	return result;
}

static long duplicate_at(int fd, int target, bool close_on_exec)
{
	struct file *file = fd_get(fd);
	long result;

	if (!file)
		return -EBADF;
	result = fd_install_at(file, target, close_on_exec);
	if (result < 0)
		file_put(file);
	return result;
}

SYSCALL(dup)
{
	return duplicate((int)a0, 0, false);
}

/* dup2(fd, target) */
SYSCALL(dup2)
{
	struct file *file;

	if ((int)a0 != (int)a1)
		return duplicate_at((int)a0, (int)a1, false);
	file = fd_get((int)a0);
	if (!file)
		return -EBADF;
	file_put(file);
	return (int)a1;
}

/* dup3(fd, target, flags) */
SYSCALL(dup3)
{
	if ((unsigned)a2 & ~(unsigned)O_CLOEXEC || (int)a0 == (int)a1)
		return -EINVAL;
	return duplicate_at((int)a0, (int)a1, a2 & O_CLOEXEC);
}

static long set_flags(struct file *file, unsigned flags)
{
	unsigned old = atomic_load(&file->flags);
	unsigned wanted = (old & ~SETFL_FLAGS) | (flags & SETFL_FLAGS);
	int error = file->ops->set_flags ? file->ops->set_flags(file, wanted) : 0;

	if (error)
		return error;
	while (!atomic_compare_exchange_weak(&file->flags, &old,
					     (old & ~SETFL_FLAGS) | (flags & SETFL_FLAGS)))
		;
	return 0;
}

/* A lock for reading needs a file that can be read, one for writing one that can be written. */
static bool may_lock(const struct file *file, int command, short type)
{
	unsigned mode = atomic_load(&file->flags) & O_ACCMODE;

	if (file->kind & FILE_PATH_ONLY)
		return false;
	if (command == F_GETLK || command == F_OFD_GETLK)
		return true;
	return type == F_UNLCK || mode != (type == F_RDLCK ? O_WRONLY : O_RDONLY);
}

/* Record locks: there is one process, which gets every lock; nobody else holds one. */
static long lock_command(struct file *file, int command, uintptr_t address)
{
	struct flock lock;

	if (arch_user_read(&lock, address, sizeof(lock)))
		return -EFAULT;
	if (lock.l_whence < 0 || lock.l_whence > 2 || lock.l_type < F_RDLCK ||
	    lock.l_type > F_UNLCK)
		return -EINVAL;
	if (!may_lock(file, command, lock.l_type))
		return -EBADF;
	if (command != F_GETLK && command != F_OFD_GETLK)
		return 0;
	lock.l_type = F_UNLCK;
	return arch_user_write(address, &lock, sizeof(lock));
}

static long file_command(struct file *file, const long *args)
{
	int command = (int)args[0];
	uintptr_t argument = (uintptr_t)args[1];

	switch (command) {
	case F_GETFL:
		return (long)(atomic_load(&file->flags) &
			      ~(unsigned)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC));
	case F_SETFL:
		return file->kind & FILE_PATH_ONLY ? -EBADF : set_flags(file, (unsigned)argument);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock_command(file, command, argument);
	case F_SETOWN:
	case F_SETSIG:
		return 0;
	case F_GETOWN:
	case F_GETSIG:
		return 0;
	default:
		return file->ops->fcntl ? file->ops->fcntl(file, command, argument) : -EINVAL;
	}
}

/* fcntl(fd, command, argument) */
SYSCALL(fcntl)
{
	long result;

	switch ((int)a1) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		if ((int)a2 < 0)
			return -EINVAL;
		result = duplicate((int)a0, (int)a2, (int)a1 == F_DUPFD_CLOEXEC);
		return result == -EMFILE && (unsigned)a2 >= fd_limit() ? -EINVAL : result;
	case F_GETFD:
		return fd_get_cloexec((int)a0);
	case F_SETFD:
		return fd_set_cloexec((int)a0, a2 & FD_CLOEXEC);
	default:
		return fd_call_path((int)a0, file_command, (const long[]){a1, a2});
	}
}

static long set_nonblocking(struct file *file, uintptr_t address)
{
	int on;

	if (arch_user_read(&on, address, sizeof(on)))
		return -EFAULT;
	if (on)
		atomic_fetch_or(&file->flags, (unsigned)O_NONBLOCK);
	else
		atomic_fetch_and(&file->flags, ~(unsigned)O_NONBLOCK);
	return 0;
}

/* FIONREAD of a regular file: what lies between the position and the end. */
static long unread(struct file *file, uintptr_t address)
{
	file_stat_t stat;
	int error = file_stat_of(file, &stat), count;

	if (error)
		return error;
	if ((stat.mode & S_IFMT) != S_IFREG)
		return -ENOTTY;
	mutex_lock(&file->offset_lock);
	count = (int)(stat.size - file->offset);
	mutex_unlock(&file->offset_lock);
	return arch_user_write(address, &count, sizeof(count));
}

static long control(struct file *file, const long *args)
{
	unsigned command = (unsigned)args[0];
	uintptr_t argument = (uintptr_t)args[1];

	if (command == FIONBIO)
		return set_nonblocking(file, argument);
	if (command == FIONREAD && !(file->kind & (FILE_STREAM | FILE_HOST_OFFSET)))
		return unread(file, argument);
	return file->ops->ioctl ? file->ops->ioctl(file, command, argument) : -ENOTTY;
}

static long set_cloexec(struct file *file, const long *args)
{
	(void)file;
	return fd_set_cloexec((int)args[0], args[1]);
}

/* ioctl(fd, command, argument) */
SYSCALL(ioctl)
{
	if ((unsigned)a1 == FIOCLEX || (unsigned)a1 == FIONCLEX)
		return fd_call((int)a0, set_cloexec, (const long[]){a0, (unsigned)a1 == FIOCLEX});
	return fd_call((int)a0, control, (const long[]){a1, a2});
}
