/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <arch/user.h>
#include <core/clock.h>
#include <core/spinlock.h>
#include <drivers/host_channel.h>
#include <errno.h>
#include <file/epoll.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <mm/vm.h>
#include <sched/mutex.h>
#include <sched/process.h>
#include <string.h>

unsigned host_locks_held, host_frames, host_frames_left = 100000;

arch_irq_state_t spin_lock(struct spinlock *lock)
{
	CHECK(lock->owner == 0);
	lock->owner = 1;
	return host_locks_held++;
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state)
{
	CHECK(lock->owner == 1);
	lock->owner = 0;
	CHECK_EQ(--host_locks_held, state);
}

void mutex_init(struct mutex *mutex)
{
	memset(mutex, 0, sizeof(*mutex));
}

void mutex_lock(struct mutex *mutex)
{
	CHECK(mutex->state == 0);
	mutex->state = 1;
	host_locks_held++;
}

void mutex_unlock(struct mutex *mutex)
{
	CHECK(mutex->state == 1);
	mutex->state = 0;
	host_locks_held--;
}

void wait_queue_init(struct wait_queue *queue)
{
	memset(queue, 0, sizeof(*queue));
}

unsigned wait_queue_wake(struct wait_queue *queue, unsigned count)
{
	(void)queue;
	return count - count;
}

/* Nobody waits in these tests. */
void wait_prepare(struct wait_queue *queue, struct waiter *waiter, unsigned flags)
{
	(void)queue;
	(void)waiter;
	(void)flags;
}

int wait_block(uint64_t deadline_ns)
{
	(void)deadline_ns;
	return -EINTR;
}

void wait_finish(struct waiter *waiter)
{
	(void)waiter;
}

void *kmalloc(size_t size)
{
	return malloc(size ? size : 1);
}

void *kzalloc(size_t size)
{
	return calloc(1, size ? size : 1);
}

void *kcalloc(size_t count, size_t size)
{
	return calloc(count, size);
}

void kfree(void *memory)
{
	free(memory);
}

paddr_t mm_frame_alloc(unsigned order, unsigned flags)
{
	void *frame;

	CHECK_EQ(order, 0);
	if (!host_frames_left)
		return PADDR_NONE;
	frame = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	CHECK(frame);
	memset(frame, flags & MM_ZERO ? 0 : 0xee, PAGE_SIZE);
	host_frames++;
	host_frames_left--;
	return mm_virt_to_phys(frame);
}

void mm_frame_free(paddr_t frame, unsigned order)
{
	CHECK_EQ(order, 0);
	CHECK(host_frames > 0);
	host_frames--;
	host_frames_left++;
	free(mm_phys_to_virt(frame));
}

uint64_t mm_frame_free_count(void)
{
	return host_frames_left;
}

void mm_frame_stats(struct mm_frame_stats *stats)
{
	*stats = (struct mm_frame_stats){.total = host_frames + host_frames_left,
					 .free = host_frames_left};
}

void vm_sync_all(void)
{
}

void vm_object_unmap(struct vm_object *object, uint64_t first_index)
{
	(void)object;
	(void)first_index;
}

int process_limit_get(unsigned resource, struct process_limit *limit)
{
	(void)resource;
	*limit = (struct process_limit){.soft = 1000, .hard = 1000};
	return 0;
}

int arch_user_read(void *to, uintptr_t from, size_t size)
{
	(void)to;
	(void)from;
	return size ? -EFAULT : 0;
}

int arch_user_write(uintptr_t to, const void *from, size_t size)
{
	(void)to;
	(void)from;
	return size ? -EFAULT : 0;
}

int arch_user_clear(uintptr_t to, size_t size)
{
	(void)to;
	return size ? -EFAULT : 0;
}

const struct host_hello *host_hello(void)
{
	return NULL;
}

uint64_t clock_realtime_ns(void)
{
	static uint64_t now = 1000000000;

	return now++;
}

void epoll_forget(struct file *file)
{
	CHECK(list_empty(&file->watches));
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from), part = length < size ? length : size - 1;

	if (size) {
		memcpy(to, from, part);
		to[part] = 0;
	}
	return length;
}

static int64_t transfer(struct file *file, uintptr_t address, size_t size, const uint64_t *offset,
			int64_t (*function)(struct file *file, struct file_io *io,
					    const uint64_t *offset))
{
	struct file_segment segment = {address, size};
	struct file_io io = {.segments = &segment, .count = 1, .remaining = size, .kernel = true};

	return function(file, &io, offset);
}

int64_t host_read_at(struct file *file, void *buffer, size_t size, const uint64_t *offset)
{
	return transfer(file, (uintptr_t)buffer, size, offset, file_read);
}

int64_t host_write_at(struct file *file, const void *buffer, size_t size, const uint64_t *offset)
{
	return transfer(file, (uintptr_t)buffer, size, offset, file_write);
}
