/* SPDX-License-Identifier: BSD-3-Clause */
#include "net_host.h"

#include "../../unit/common/unit.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/log.h>
#include <core/panic.h>
#include <core/random.h>
#include <core/timer.h>
#include <drivers/host_channel.h>
#include <file/epoll.h>
#include <mm/frame.h>
#include <sched/mutex.h>
#include <sched/signal.h>
#include <sched/task.h>
#include <setjmp.h>
#include <string.h>

uint64_t host_now_ns = NS_PER_SEC;

static void (*task_entry)(void *argument);
static jmp_buf task_sleeps;
static struct timer *armed;

int task_create_kernel(const char *name, unsigned priority, void (*entry)(void *), void *argument)
{
	(void)name;
	(void)priority;
	(void)argument;
	task_entry = entry;
	return 0;
}

void host_run_task(void)
{
	if (armed && armed->deadline_ns <= host_now_ns) {
		struct timer *timer = armed;

		armed = NULL;
		timer->callback(timer);
	}
	if (!setjmp(task_sleeps))
		task_entry(NULL);
}

void wait_queue_init(struct wait_queue *queue) NO_THREAD_SAFETY
{
	list_init(&queue->waiters);
}

void wait_prepare(struct wait_queue *queue, struct waiter *waiter, unsigned flags)
{
	(void)flags;
	waiter->queue = queue;
}

/* Only the task waits, and the end of a program for time to pass: everything else is given what it
 * waits for, or does not wait. */
int wait_block(uint64_t deadline_ns)
{
	if (deadline_ns == TIME_NEVER)
		longjmp(task_sleeps, 1);
	host_now_ns = deadline_ns;
	return -ETIMEDOUT;
}

void wait_finish(struct waiter *waiter)
{
	(void)waiter;
}

unsigned wait_queue_wake(struct wait_queue *queue, unsigned count)
{
	(void)queue;
	(void)count;
	return 0;
}

void mutex_init(struct mutex *mutex)
{
	memset(mutex, 0, sizeof(*mutex));
}

void mutex_lock(struct mutex *mutex) NO_THREAD_SAFETY
{
	CHECK(!mutex->state);
	mutex->state = 1;
}

void mutex_unlock(struct mutex *mutex) NO_THREAD_SAFETY
{
	CHECK(mutex->state);
	mutex->state = 0;
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex->state;
}

void timer_init(struct timer *timer, void (*callback)(struct timer *timer))
{
	*timer = (struct timer){.callback = callback};
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
	timer->deadline_ns = deadline_ns;
	armed = timer;
}

uint64_t clock_monotonic_ns(void)
{
	return host_now_ns;
}

void random_fill(void *out, size_t size)
{
	static uint64_t state = 88172645463325252ull;

	for (size_t i = 0; i < size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		((uint8_t *)out)[i] = (uint8_t)state;
	}
}

/* The header of the C library that the port hides. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void free(void *memory);

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

void mm_frame_stats(struct mm_frame_stats *stats)
{
	*stats = (struct mm_frame_stats){.total = 1u << 14, .free = 1u << 13};
}

int arch_user_read(void *to, uintptr_t from, size_t size)
{
	memcpy(to, (const void *)from, size);
	return 0;
}

int arch_user_write(uintptr_t to, const void *from, size_t size)
{
	memcpy((void *)to, from, size);
	return 0;
}

int arch_user_clear(uintptr_t to, size_t size)
{
	memset((void *)to, 0, size);
	return 0;
}

size_t strlcpy(char *to, const char *from, size_t size);
size_t strlcpy(char *to, const char *from, size_t size)
{
	return (size_t)snprintf(to, size, "%s", from);
}

void signal_send_self(int signo)
{
	(void)signo;
}

void epoll_forget(struct file *file)
{
	(void)file;
}

int file_path_set(struct file *file, const char *path)
{
	(void)file;
	(void)path;
	return 0;
}

void file_path_clear(struct file *file)
{
	(void)file;
}

/* No descriptors: frames do not get as far as to sockets of the machine itself. */
struct file *fd_get(int fd)
{
	(void)fd;
	return NULL;
}

int fd_install(struct file *file, int minimum, bool close_on_exec)
{
	(void)file;
	(void)minimum;
	(void)close_on_exec;
	return -EMFILE;
}

const struct host_hello *host_hello(void)
{
	return NULL;
}
