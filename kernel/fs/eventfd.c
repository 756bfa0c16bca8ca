/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eventfd(2): a 64-bit counter. Lock: event.lock guards the counter; the conditions of sleepers
 * take it as well. One queue serves readers and writers.
 */
#include <fs/special.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <core/spinlock.h>
#include <mm/heap.h>
#include <sched/signal.h>

#define COUNTER_MAX (UINT64_MAX - 1)

struct event {
	struct spinlock lock;
	uint64_t counter GUARDED_BY_MEMBER(lock);
	bool semaphore; /* fixed */
	struct wait_queue queue;
};

static uint64_t counter_of(struct event *event) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = spin_lock(&event->lock);
	uint64_t counter = event->counter;

	spin_unlock(&event->lock, irq);
	return counter;
}

/* Takes what one read gets; 0: nothing is there. */
static uint64_t take(struct event *event) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = spin_lock(&event->lock);
	uint64_t value = event->semaphore && event->counter ? 1 : event->counter;

	event->counter -= value;
	spin_unlock(&event->lock, irq);
	return value;
}

static bool room_for(uint64_t value, uint64_t counter)
{
	return counter <= COUNTER_MAX && value <= COUNTER_MAX - counter;
}

/* Adds VALUE; false when the counter has no room for it. */
static bool add(struct event *event, uint64_t value) NO_THREAD_SAFETY
{
	arch_irq_state_t irq = spin_lock(&event->lock);
	bool fits = room_for(value, event->counter);

	if (fits)
		event->counter += value;
	spin_unlock(&event->lock, irq);
	return fits;
}

static int64_t event_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct event *event = file->data;
	uint64_t value;

	(void)offset;
	if (io->remaining < sizeof(value))
		return -EINVAL;
	while (!(value = take(event))) {
		if (file_io_nowait(file, io))
			return -EAGAIN;
		if (wait_event(&event->queue, WAIT_INTERRUPTIBLE, TIME_NEVER, counter_of(event)))
			return -ERESTARTSYS;
	}
	wait_queue_wake(&event->queue, WAIT_ALL);
	return file_io_put(io, &value, sizeof(value));
}

static int64_t event_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct event *event = file->data;
	uint64_t value;
	int64_t moved;

	(void)offset;
	if (io->remaining < sizeof(value))
		return -EINVAL;
	moved = file_io_get(io, &value, sizeof(value));
	if (moved != (int64_t)sizeof(value))
		return -EFAULT;
	if (value == UINT64_MAX)
		return -EINVAL;
	while (!add(event, value)) {
		if (file_io_nowait(file, io))
			return -EAGAIN;
		if (wait_event(&event->queue, WAIT_INTERRUPTIBLE, TIME_NEVER,
			       room_for(value, counter_of(event))))
			return -ERESTARTSYS;
	}
	wait_queue_wake(&event->queue, WAIT_ALL);
	return moved;
}

static unsigned event_poll(struct file *file, unsigned events)
{
	uint64_t counter = counter_of(file->data);

	(void)events;
	return (counter ? POLLIN : 0u) | (counter < COUNTER_MAX ? POLLOUT : 0u) |
	       (counter > COUNTER_MAX ? POLLERR : 0u);
}

static int event_stat(struct file *file, file_stat_t *stat)
{
	(void)file;
	return special_stat(stat, 0600);
}

static void event_release(struct file *file)
{
	kfree(file->data);
}

static const struct file_ops event_ops = {
	.read = event_read,
	.write = event_write,
	.poll = event_poll,
	.stat = event_stat,
	.release = event_release,
};

int eventfd_create(uint64_t value, bool semaphore, unsigned flags, struct file **out)
{
	struct event *event = kzalloc(sizeof(*event));

	if (!event)
		return -ENOMEM;
	*event = (struct event){.counter = value, .semaphore = semaphore};
	spin_init(&event->lock);
	wait_queue_init(&event->queue);
	*out = file_create(&event_ops, event, O_RDWR | flags, FILE_STREAM, NULL);
	if (!*out) {
		kfree(event);
		return -ENOMEM;
	}
	(*out)->poll_queue = &event->queue;
	return 0;
}

bool file_is_eventfd(const struct file *file)
{
	return file->ops == &event_ops;
}

void eventfd_signal(struct file *file, uint64_t value) NO_THREAD_SAFETY
{
	struct event *event = file->data;
	arch_irq_state_t irq = spin_lock(&event->lock);

	/* One more than writers can reach, as on Linux: it has overflowed. */
	event->counter += MIN(value, UINT64_MAX - event->counter);
	spin_unlock(&event->lock, irq);
	wait_queue_wake(&event->queue, WAIT_ALL);
}
