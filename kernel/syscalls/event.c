/* SPDX-License-Identifier: BSD-3-Clause */
/* pipe, eventfd, timerfd, signalfd, which have the same numbers for O_CLOEXEC and O_NONBLOCK;
 * memfd. */
#include <syscalls/event.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <file/file.h>
#include <fs/special.h>
#include <linux/memfd.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#define EFD_SEMAPHORE 1u /* eventfd(2) */
#define COMMON_FLAGS  ((unsigned)(O_CLOEXEC | O_NONBLOCK))

_Static_assert(TFD_CLOEXEC == O_CLOEXEC && TFD_NONBLOCK == O_NONBLOCK, "timerfd_create(2)");

/* Gives FILE, whose reference it takes in any case, a descriptor. */
static long install(struct file *file, unsigned flags)
{
	long fd = fd_install(file, 0, flags & O_CLOEXEC);

	if (fd < 0)
		file_put(file);
	return fd;
}

static long make_pipe(uintptr_t address, unsigned flags)
{
	struct file *ends[2];
	int fds[2];
	long result;

	if (flags & ~(COMMON_FLAGS | O_DIRECT))
		return -EINVAL;
	result = pipe_create(flags & O_NONBLOCK, ends);
	if (result)
		return result;
	fds[0] = (int)install(ends[0], flags);
	if (fds[0] < 0) {
		file_put(ends[1]);
		return fds[0];
	}
	fds[1] = (int)install(ends[1], flags);
	result = fds[1];
	if (result >= 0)
		result = arch_user_write(address, fds, sizeof(fds));
	if (!result)
		return 0;
	fd_close(fds[0]);
	if (fds[1] >= 0)
		fd_close(fds[1]);
	return result;
}

/* pipe(fds) */
SYSCALL(pipe)
{
	return make_pipe((uintptr_t)a0, 0);
}

/* pipe2(fds, flags) */
SYSCALL(pipe2)
{
	return make_pipe((uintptr_t)a0, (unsigned)a1);
}

static long make_eventfd(unsigned value, unsigned flags)
{
	struct file *file;
	int error;

	if (flags & ~(COMMON_FLAGS | EFD_SEMAPHORE))
		return -EINVAL;
	error = eventfd_create(value, flags & EFD_SEMAPHORE, flags & O_NONBLOCK, &file);
	return error ? error : install(file, flags);
}

/* eventfd(value) */
SYSCALL(eventfd)
{
	return make_eventfd((unsigned)a0, 0);
}

/* eventfd2(value, flags) */
SYSCALL(eventfd2)
{
	return make_eventfd((unsigned)a0, (unsigned)a1);
}

/* timerfd_create(clock, flags) */
SYSCALL(timerfd_create)
{
	unsigned flags = (unsigned)a1;
	bool realtime = a0 == CLOCK_REALTIME || a0 == CLOCK_REALTIME_ALARM;
	struct file *file;
	int error;

	if (!realtime && a0 != CLOCK_MONOTONIC && a0 != CLOCK_BOOTTIME &&
	    a0 != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	if (flags & ~COMMON_FLAGS)
		return -EINVAL;
	error = timerfd_create(realtime, flags & O_NONBLOCK, &file);
	return error ? error : install(file, flags);
}

/* The timerfd behind FD with a reference, or -errno in *ERROR. */
static struct file *get_timerfd(int fd, int *error)
{
	struct file *file = fd_get(fd);

	*error = file ? 0 : -EBADF;
	if (!file || file_is_timerfd(file))
		return file;
	file_put(file);
	*error = -EINVAL;
	return NULL;
}

/* struct itimerspec: interval, value. */
static int write_times(uintptr_t address, const struct timerfd_times *times)
{
	int error = user_write_timespec(address, times->interval_ns);

	return error ? error
		     : user_write_timespec(address + sizeof(struct timespec), times->value_ns);
}

/* timerfd_settime(fd, flags, new, old) */
SYSCALL(timerfd_settime)
{
	struct timerfd_times times, old;
	unsigned flags = (unsigned)a1;
	struct file *file;
	int error;

	error = user_read_timespec((uintptr_t)a2, &times.interval_ns);
	if (!error)
		error = user_read_timespec((uintptr_t)a2 + sizeof(struct timespec),
					   &times.value_ns);
	if (!error && flags & ~(unsigned)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		error = -EINVAL;
	if (error)
		return error;
	file = get_timerfd((int)a0, &error);
	if (!file)
		return error;
	error = timerfd_set(file, flags & TFD_TIMER_ABSTIME, flags & TFD_TIMER_CANCEL_ON_SET,
			    &times, &old);
	file_put(file);
	if (!error && a3)
		error = write_times((uintptr_t)a3, &old);
	return error;
}

/* timerfd_gettime(fd, times) */
SYSCALL(timerfd_gettime)
{
	struct timerfd_times times;
	int error;
	struct file *file = get_timerfd((int)a0, &error);

	if (!file)
		return error;
	timerfd_get(file, &times);
	file_put(file);
	return write_times((uintptr_t)a1, &times);
}

static long make_signalfd(int fd, uintptr_t mask_address, size_t size, unsigned flags)
{
	struct file *file;
	uint64_t mask;
	int error;

	if (size != sizeof(mask) || flags & ~COMMON_FLAGS)
		return -EINVAL;
	if (arch_user_read(&mask, mask_address, sizeof(mask)))
		return -EFAULT;
	if (fd == -1) {
		error = signalfd_create(mask, flags & O_NONBLOCK, &file);
		return error ? error : install(file, flags);
	}
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	error = file_is_signalfd(file) ? 0 : -EINVAL;
	if (!error)
		signalfd_set_mask(file, mask);
	file_put(file);
	return error ? error : fd;
}

/* signalfd(fd, mask, size) */
SYSCALL(signalfd)
{
	return make_signalfd((int)a0, (uintptr_t)a1, (size_t)a2, 0);
}

/* signalfd4(fd, mask, size, flags) */
SYSCALL(signalfd4)
{
	return make_signalfd((int)a0, (uintptr_t)a1, (size_t)a2, (unsigned)a3);
}

/* memfd_create(name, flags) */
SYSCALL(memfd_create)
{
	unsigned flags = (unsigned)a1;
	char name[MEMFD_NAME_MAX + 1];
	struct file *file;
	long result;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	result = arch_user_read_string(name, (uintptr_t)a0, sizeof(name));
	if (result < 0)
		return result == -ENAMETOOLONG ? -EINVAL : result;
	result = memfd_create_file(name, flags & MFD_ALLOW_SEALING, &file);
	return result ? result : install(file, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
