/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <core/spinlock.h>
#include <fs/special.h>
#include <mm/heap.h>
#include <mm/vm.h>
#include <sched/process.h>
#include <sched/signal.h>
#include <string.h>

#include "../../../kernel/fs/memfs.h"

long host_blocks, host_blocks_left = 1000000;
uint64_t host_fd_limit = 1024;
uintptr_t host_user_end = ARCH_USER_END;
int host_signals[65];
int (*host_on_block)(void);

static unsigned spinlocks_held, mutexes_held;

arch_irq_state_t spin_lock(struct spinlock *lock) NO_THREAD_SAFETY
{
	CHECK(lock->owner == 0);
	lock->owner = 1;
	return spinlocks_held++;
}

void spin_unlock(struct spinlock *lock, arch_irq_state_t state) NO_THREAD_SAFETY
{
	CHECK(lock->owner == 1);
	lock->owner = 0;
	CHECK_EQ(--spinlocks_held, state);
}

void mutex_init(struct mutex *mutex)
{
	memset(mutex, 0, sizeof(*mutex));
}

void mutex_lock(struct mutex *mutex) NO_THREAD_SAFETY
{
	CHECK(!spinlocks_held && !mutex->state);
	mutex->state = 1;
	mutexes_held++;
}

void mutex_unlock(struct mutex *mutex) NO_THREAD_SAFETY
{
	CHECK(mutex->state);
	mutex->state = 0;
	mutexes_held--;
}

void wait_queue_init(struct wait_queue *queue) NO_THREAD_SAFETY
{
	spin_init(&queue->lock);
	list_init(&queue->waiters);
}

void wait_queue_add(struct wait_queue *queue, struct waiter *waiter,
		    void (*notify)(struct waiter *waiter)) NO_THREAD_SAFETY
{
	arch_irq_state_t state = spin_lock(&queue->lock);

	waiter->queue = queue;
	waiter->notify = notify;
	list_push_back(&queue->waiters, &waiter->node);
	spin_unlock(&queue->lock, state);
}

void wait_queue_remove(struct waiter *waiter) NO_THREAD_SAFETY
{
	arch_irq_state_t state = spin_lock(&waiter->queue->lock);

	list_remove(&waiter->node);
	spin_unlock(&waiter->queue->lock, state);
}

unsigned wait_queue_wake(struct wait_queue *queue, unsigned count) NO_THREAD_SAFETY
{
	arch_irq_state_t state = spin_lock(&queue->lock);
	struct waiter *waiter, *next;

	(void)count;
	list_for_each_entry_safe (waiter, next, &queue->waiters, node)
		if (waiter->notify)
			waiter->notify(waiter);
	spin_unlock(&queue->lock, state);
	return 0;
}

void wait_prepare(struct wait_queue *queue, struct waiter *waiter, unsigned flags)
{
	(void)flags;
	CHECK(!mutexes_held);
	wait_queue_add(queue, waiter, NULL);
}

int wait_block(uint64_t deadline_ns)
{
	(void)deadline_ns;
	CHECK(!mutexes_held && !spinlocks_held);
	CHECK(host_on_block != NULL);
	return host_on_block();
}

void wait_finish(struct waiter *waiter)
{
	if (list_linked(&waiter->node))
		wait_queue_remove(waiter);
}

void *kmalloc(size_t size)
{
	CHECK(!spinlocks_held);
	if (!host_blocks_left)
		return NULL;
	host_blocks_left--;
	host_blocks++;
	return malloc(size ? size : 1);
}

void *kzalloc(size_t size)
{
	void *memory = kmalloc(size);

	return memory ? memset(memory, 0, size) : NULL;
}

void *kcalloc(size_t count, size_t size)
{
	return kzalloc(count * size);
}

void kfree(void *memory)
{
	CHECK(!spinlocks_held);
	host_blocks -= memory != NULL;
	free(memory);
}

static bool reachable(uintptr_t address, size_t size)
{
	CHECK(!spinlocks_held);
	return address <= host_user_end && size <= host_user_end - address;
}

int arch_user_read(void *to, uintptr_t from, size_t size)
{
	if (!reachable(from, size))
		return -EFAULT;
	memcpy(to, (const void *)from, size);
	return 0;
}

int arch_user_write(uintptr_t to, const void *from, size_t size)
{
	if (!reachable(to, size))
		return -EFAULT;
	memcpy((void *)to, from, size);
	return 0;
}

int arch_user_clear(uintptr_t to, size_t size)
{
	if (!reachable(to, size))
		return -EFAULT;
	memset((void *)to, 0, size);
	return 0;
}

/* lib/string.h, without the rest of the kernel's library, which the C library has. */
size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcpy(char *to, const char *from, size_t size)
{
	return (size_t)snprintf(to, size, "%s", from);
}

int process_limit_get(unsigned resource, struct process_limit *limit)
{
	(void)resource;
	*limit = (struct process_limit){host_fd_limit, host_fd_limit};
	return 0;
}

void signal_send_self(int signo)
{
	host_signals[signo]++;
}

void vm_sync_all(void)
{
}

int special_stat(file_stat_t *stat, uint32_t mode)
{
	*stat = (file_stat_t){.mode = mode};
	return 0;
}

void mem_node_put(struct mem_node *node)
{
	(void)node;
}

void mem_node_stat_locked(const struct mem_node *node, file_stat_t *stat)
{
	(void)node;
	(void)stat;
}

static void host_file_release(struct file *file)
{
	kfree(file->data);
}

static const struct file_ops host_file_ops = {.release = host_file_release};

struct file *host_file(void)
{
	void *data = kmalloc(4);

	CHECK(data != NULL);
	return file_create(&host_file_ops, data, 0, 0, NULL);
}
