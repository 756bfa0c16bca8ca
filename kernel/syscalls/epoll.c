/* SPDX-License-Identifier: BSD-3-Clause */
/* epoll(7). */
#include <arch/user.h>
#include <asm/errno.h>
#include <file/epoll.h>
#include <file/file.h>
#include <linux/eventpoll.h>
#include <mm/heap.h>
#include <sched/signal.h>
#include <syscalls/poll.h>

#define EVENTS_FAST 16
#define EVENTS_MAX  4096 /* of one call; the rest stays ready */

static long create(bool close_on_exec)
{
	struct file *file = epoll_create_file();
	int fd;

	if (!file)
		return -ENOMEM;
	fd = fd_install(file, 0, close_on_exec);
	if (fd < 0)
		file_put(file);
	return fd;
}

SYSCALL(epoll_create)
{
	return (int)a0 > 0 ? create(false) : -EINVAL;
}

SYSCALL(epoll_create1)
{
	return (unsigned)a0 & ~(unsigned)EPOLL_CLOEXEC ? -EINVAL : create(a0 & EPOLL_CLOEXEC);
}

static long control(int set_fd, int op, int fd, const struct epoll_event_data *event)
{
	struct file *set = fd_get(set_fd), *file = fd_get(fd);
	long result;

	if (!set || !file)
		result = -EBADF;
	else if (file != set && !file->ops->poll)
		result = -EPERM;
	else if (!epoll_is(set) || file == set)
		result = -EINVAL;
	else
		result = epoll_control(set, op, fd, file, event);
	if (set)
		file_put(set);
	if (file)
		file_put(file);
	return result;
}

/* epoll_ctl(set, op, fd, event) */
SYSCALL(epoll_ctl)
{
	struct epoll_event event = {0};
	struct epoll_event_data data;

	if ((int)a1 != EPOLL_CTL_DEL && arch_user_read(&event, (uintptr_t)a3, sizeof(event)))
		return -EFAULT;
	data = (struct epoll_event_data){event.events, event.data};
	return control((int)a0, (int)a1, (int)a2, &data);
}

static int write_events(uintptr_t address, const struct epoll_event_data *events, int count)
{
	for (int i = 0; i < count; i++) {
		struct epoll_event event = {.events = events[i].events, .data = events[i].data};

		if (arch_user_write(address + (uintptr_t)i * sizeof(event), &event, sizeof(event)))
			return -EFAULT;
	}
	return count;
}

static long wait(int set_fd, uintptr_t address, int max, uint64_t deadline)
{
	struct epoll_event_data fast[EVENTS_FAST], *events = fast;
	struct file *set;
	long result;

	if (max <= 0 || max > INT32_MAX / (int)sizeof(struct epoll_event))
		return -EINVAL;
	set = fd_get(set_fd);
	if (!set)
		return -EBADF;
	max = MIN(max, EVENTS_MAX);
	if (!arch_user_range_ok(address, (size_t)max * sizeof(struct epoll_event)))
		result = -EFAULT;
	else if (!epoll_is(set))
		result = -EINVAL;
	else if (max > EVENTS_FAST && !(events = kmalloc((size_t)max * sizeof(*events))))
		result = -ENOMEM;
	else
		result = epoll_collect(set, events, max, deadline);
	if (result > 0)
		result = write_events(address, events, (int)result);
	if (events != fast)
		kfree(events);
	file_put(set);
	return result;
}

static uint64_t deadline_of(int timeout_ms)
{
	if (timeout_ms < 0)
		return TIME_NEVER;
	return timeout_ms ? deadline_after((uint64_t)timeout_ms * NS_PER_MSEC) : 0;
}

/* epoll_wait(set, events, max, timeout in ms) */
SYSCALL(epoll_wait)
{
	return wait((int)a0, (uintptr_t)a1, (int)a2, deadline_of((int)a3));
}

static long wait_masked(long set, long events, long max, uint64_t deadline, uintptr_t mask,
			size_t mask_size)
{
	long result = poll_mask_begin(mask, mask_size);

	if (result)
		return result;
	result = wait((int)set, (uintptr_t)events, (int)max, deadline);
	return poll_mask_end(mask, result);
}

/* epoll_pwait(set, events, max, timeout in ms, mask, mask size) */
SYSCALL(epoll_pwait)
{
	return wait_masked(a0, a1, a2, deadline_of((int)a3), (uintptr_t)a4, (size_t)a5);
}

/* epoll_pwait2(set, events, max, timespec, mask, mask size) */
SYSCALL(epoll_pwait2)
{
	uint64_t deadline = TIME_NEVER, ns;
	int error;

	if (a3) {
		error = user_read_timespec((uintptr_t)a3, &ns);
		if (error)
			return error;
		deadline = ns ? deadline_after(ns) : 0;
	}
	return wait_masked(a0, a1, a2, deadline, (uintptr_t)a4, (size_t)a5);
}
