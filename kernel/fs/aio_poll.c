/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Polls of Linux AIO: the one kind of request that stays under way. Each enters the poll queue of
 * its file. A notification there, in any context and with the queue's lock held, can do no more
 * than put the request on the list `fired`; a kernel task looks at the file and completes the
 * request.
 *
 * Locks: polls_lock (mutex) guards which polls exist, and is held while a file is asked for its
 * readiness; fired_lock the list of those to look at (below the lock of a poll queue).
 */
#include "aio.h"

#include <asm/errno.h>
#include <file/poll.h>
#include <mm/heap.h>
#include <sched/task.h>

struct poll {
	struct aio_request request;
	unsigned events;
	struct waiter waiter;	   /* in the file's poll queue */
	struct list_node in_polls; /* polls_lock */
	struct list_node in_fired; /* fired_lock */
};

static struct mutex polls_lock;
static struct list polls GUARDED_BY(polls_lock);
static bool task_runs GUARDED_BY(polls_lock);
static struct spinlock fired_lock;
static struct list fired GUARDED_BY(fired_lock);
static struct wait_queue fired_queue;

void aio_poll_init(void)
{
	mutex_init(&polls_lock);
	list_init(&polls);
	spin_init(&fired_lock);
	list_init(&fired);
	wait_queue_init(&fired_queue);
}

static void notify(struct waiter *waiter)
{
	struct poll *poll = container_of(waiter, struct poll, waiter);
	arch_irq_state_t irq = spin_lock(&fired_lock);

	if (!list_linked(&poll->in_fired))
		list_push_back(&fired, &poll->in_fired);
	spin_unlock(&fired_lock, irq);
	wait_queue_wake(&fired_queue, 1);
}

static struct poll *next_fired(void)
{
	arch_irq_state_t irq = spin_lock(&fired_lock);
	struct list_node *node = list_pop_front(&fired);

	spin_unlock(&fired_lock, irq);
	return node ? list_entry(node, struct poll, in_fired) : NULL;
}

static bool any_fired(void)
{
	arch_irq_state_t irq = spin_lock(&fired_lock);
	bool any = !list_empty(&fired);

	spin_unlock(&fired_lock, irq);
	return any;
}

/* From here on nobody but the caller knows POLL. */
static void forget(struct poll *poll) REQUIRES(polls_lock)
{
	arch_irq_state_t irq;

	if (poll->waiter.queue)
		wait_queue_remove(&poll->waiter);
	list_remove(&poll->in_polls);
	irq = spin_lock(&fired_lock);
	if (list_linked(&poll->in_fired))
		list_remove(&poll->in_fired);
	spin_unlock(&fired_lock, irq);
}

static void finish(struct poll *poll, unsigned ready)
{
	aio_complete(&poll->request, ready);
	kfree(poll);
}

/* Looks at one poll that has fired. */
static void serve_one(void)
{
	unsigned ready = 0;
	struct poll *poll;

	mutex_lock(&polls_lock);
	poll = next_fired();
	if (poll)
		ready = poll_file(poll->request.file, poll->events);
	if (ready)
		forget(poll);
	mutex_unlock(&polls_lock);
	if (ready)
		finish(poll, ready);
}

static void poll_task(void *argument)
{
	(void)argument;
	for (;;) {
		(void)wait_event(&fired_queue, WAIT_UNINTERRUPTIBLE, TIME_NEVER, any_fired());
		serve_one();
	}
}

static int start_task(void) REQUIRES(polls_lock)
{
	int error = task_runs
			    ? 0
			    : task_create_kernel("aio_poll", TASK_PRIORITY_KERNEL, poll_task, NULL);

	task_runs = !error;
	return error;
}

int aio_poll(const struct aio_request *request, unsigned events)
{
	struct wait_queue *queue = request->file->poll_queue;
	struct poll *poll = kzalloc(sizeof(*poll));
	unsigned ready;
	int error;

	if (!poll)
		return -ENOMEM;
	poll->request = *request;
	poll->events = events;
	mutex_lock(&polls_lock);
	error = start_task();
	if (error) {
		mutex_unlock(&polls_lock);
		kfree(poll);
		return error;
	}
	if (queue)
		wait_queue_add(queue, &poll->waiter, notify);
	list_push_back(&polls, &poll->in_polls);
	/* What comes from now on fires. */
	ready = poll_file(request->file, events);
	if (ready)
		forget(poll);
	mutex_unlock(&polls_lock);
	if (ready)
		finish(poll, ready);
	return 0;
}

/* Takes out the first poll of CONTEXT, and of OBJECT unless ANY; NULL: there is none. */
static struct poll *take_out(const struct aio_context *context, uint64_t object, bool any)
{
	struct poll *poll, *found = NULL;

	mutex_lock(&polls_lock);
	list_for_each_entry (poll, &polls, in_polls) {
		if (poll->request.context != context || (!any && poll->request.event.obj != object))
			continue;
		found = poll;
		break;
	}
	if (found)
		forget(found);
	mutex_unlock(&polls_lock);
	return found;
}

int aio_cancel(struct aio_context *context, uint64_t object)
{
	struct poll *poll = take_out(context, object, false);

	if (!poll)
		return -EINVAL;
	finish(poll, 0);
	return -EINPROGRESS;
}

void aio_poll_cancel_all(struct aio_context *context)
{
	struct poll *poll;

	while ((poll = take_out(context, 0, true)))
		finish(poll, 0);
}
