/* SPDX-License-Identifier: BSD-3-Clause */
/* process_vm_readv(2) and process_vm_writev(2): the only process there is can reach its own memory.
 */
#include <syscalls/task.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <linux/uio.h>
#include <mm/heap.h>
#include <sched/process.h>

#define BOUNCE 4096u

/* A position in a vector of segments in the application's memory. */
struct cursor {
	uintptr_t vector;
	unsigned long left; /* segments behind the current one */
	uintptr_t base;
	size_t size;
};

/* Makes sure that the current segment has bytes: 1, 0 at the end, or -EFAULT. */
static int load(struct cursor *c)
{
	struct iovec segment;

	while (!c->size) {
		if (!c->left)
			return 0;
		if (arch_user_read(&segment, c->vector, sizeof(segment)))
			return -EFAULT;
		c->vector += sizeof(segment);
		c->left--;
		c->base = (uintptr_t)segment.iov_base;
		c->size = segment.iov_len;
	}
	return 1;
}

static void advance(struct cursor *c, size_t size)
{
	c->base += size;
	c->size -= size;
}

static long copy_all(struct cursor *from, struct cursor *to, uint8_t *buffer)
{
	long done = 0;

	for (;;) {
		int source = load(from), target = load(to);
		size_t size;

		if (source < 0 || target < 0)
			return done ? done : -EFAULT;
		if (!source || !target)
			return done;
		size = MIN(MIN(from->size, to->size), (size_t)BOUNCE);
		if (arch_user_read(buffer, from->base, size) ||
		    arch_user_write(to->base, buffer, size))
			return done ? done : -EFAULT;
		advance(from, size);
		advance(to, size);
		done += (long)size;
	}
}

static long transfer(tid_t pid, struct cursor *from, struct cursor *to, unsigned long flags)
{
	uint8_t *buffer;
	long result;

	if (flags || from->left > UIO_MAXIOV || to->left > UIO_MAXIOV)
		return -EINVAL;
	if (!thread_exists(pid))
		return -ESRCH;
	buffer = kmalloc(BOUNCE);
	if (!buffer)
		return -ENOMEM;
	result = copy_all(from, to, buffer);
	kfree(buffer);
	return result;
}

/* process_vm_readv(pid, local, local count, remote, remote count, flags) */
SYSCALL(process_vm_readv)
{
	struct cursor local = {(uintptr_t)a1, (unsigned long)a2, 0, 0};
	struct cursor remote = {(uintptr_t)a3, (unsigned long)a4, 0, 0};

	return transfer((tid_t)a0, &remote, &local, (unsigned long)a5);
}

/* process_vm_writev(pid, local, local count, remote, remote count, flags) */
SYSCALL(process_vm_writev)
{
	struct cursor local = {(uintptr_t)a1, (unsigned long)a2, 0, 0};
	struct cursor remote = {(uintptr_t)a3, (unsigned long)a4, 0, 0};

	return transfer((tid_t)a0, &local, &remote, (unsigned long)a5);
}
