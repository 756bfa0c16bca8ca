/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for several files. The caller enters the poll queue of each file with a waiter whose
 * notification sets `fired` and wakes the caller's own queue; then it looks at all files, and waits
 * only while nothing has fired since. A change between the look and the wait therefore ends the
 * wait at once. Lock order: a file's poll_queue.lock -> poll_wait.queue.lock.
 */
#include <file/poll.h>

#include <asm/errno.h>

struct poll_wait {
	struct wait_queue queue;
	_Atomic bool fired;
};

unsigned poll_file(struct file *file, unsigned events)
{
	unsigned wanted = events | POLL_ALWAYS;

	/* Regular files and directories are always ready. */
	if (!file->ops->poll)
		return events & (0x0001u | 0x0004u | 0x0040u | 0x0100u);
	return file->ops->poll(file, wanted) & wanted;
}

static void notify(struct waiter *waiter)
{
	struct poll_entry *entry = container_of(waiter, struct poll_entry, waiter);

	atomic_store_explicit(&entry->wait->fired, true, memory_order_release);
	wait_queue_wake(&entry->wait->queue, 1);
}

static int look(struct poll_entry *entries, unsigned count)
{
	int ready = 0;

	for (unsigned i = 0; i < count; i++) {
		if (entries[i].file)
			entries[i].ready = poll_file(entries[i].file, entries[i].events);
		ready += entries[i].ready != 0;
	}
	return ready;
}

static void enter_all(struct poll_wait *wait, struct poll_entry *entries, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct file *file = entries[i].file;

		entries[i].wait = wait;
		if (file && file->poll_queue)
			wait_queue_add(file->poll_queue, &entries[i].waiter, notify);
	}
}

static void leave_all(struct poll_entry *entries, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (entries[i].file && entries[i].file->poll_queue)
			wait_queue_remove(&entries[i].waiter);
}

int poll_wait(struct poll_entry *entries, unsigned count, uint64_t deadline_ns)
{
	struct poll_wait wait = {.fired = false};
	int result = look(entries, count);

	if (result || !deadline_ns)
		return result;
	wait_queue_init(&wait.queue);
	enter_all(&wait, entries, count);
	for (;;) {
		int error;

		atomic_store_explicit(&wait.fired, false, memory_order_relaxed);
		result = look(entries, count);
		if (result)
			break;
		error = wait_event(&wait.queue, WAIT_INTERRUPTIBLE, deadline_ns,
				   atomic_load_explicit(&wait.fired, memory_order_acquire));
		if (error == -ETIMEDOUT) {
			result = look(entries, count);
			break;
		}
		if (error) {
			result = error;
			break;
		}
	}
	leave_all(entries, count);
	return result;
}
