/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait queues and sleeping. Locks: wait_queue.lock guards the queue; wakers take the lock of the
 * woken task's run queue below it. A waiter stays valid while it is in the queue, and it leaves the
 * queue under the lock, so a waker that holds the lock may use it.
 */
#include <asm/errno.h>
#include <core/clock.h>

#include "internal.h"

void wait_queue_init(struct wait_queue *queue) NO_THREAD_SAFETY
{
	spin_init(&queue->lock);
	list_init(&queue->waiters);
}

void wait_prepare(struct wait_queue *queue, struct waiter *waiter, unsigned flags)
{
	struct task *self = task_current();
	arch_irq_state_t irq = spin_lock(&queue->lock);

	waiter->queue = queue;
	waiter->task = self;
	waiter->notify = NULL;
	list_push_back(&queue->waiters, &waiter->node);
	/* Ordered before the check of the condition and of signal_work: see task_signal_pending. */
	atomic_store_explicit(&self->state,
			      flags & WAIT_INTERRUPTIBLE ? TASK_BLOCKED_SIGNAL : TASK_BLOCKED,
			      memory_order_seq_cst);
	spin_unlock(&queue->lock, irq);
}

void task_block(void)
{
	struct task *self = task_current();

	if (self->state == TASK_BLOCKED_SIGNAL && task_signal_pending())
		atomic_store_explicit(&self->state, TASK_RUNNABLE, memory_order_relaxed);
	else
		sched_switch();
}

/* After the sleep: what ended it. */
static int block_result(struct task *self, bool interruptible, bool timed)
{
	bool timed_out = false;

	if (timed) {
		timer_cancel(&self->sleep_timer);
		timed_out = self->timed_out;
	}
	if (interruptible && task_signal_pending())
		return -EINTR;
	return timed_out ? -ETIMEDOUT : 0;
}

int task_block_until(uint64_t deadline_ns, bool realtime)
{
	struct task *self = task_current();
	bool interruptible = self->state == TASK_BLOCKED_SIGNAL;
	bool timed = deadline_ns != TIME_NEVER;

	if (timed) {
		self->timed_out = false;
		if (realtime)
			timer_arm_realtime(&self->sleep_timer, deadline_ns);
		else
			timer_arm(&self->sleep_timer, deadline_ns);
	}
	task_block();
	return block_result(self, interruptible, timed);
}

int wait_block(uint64_t deadline_ns)
{
	return task_block_until(deadline_ns, false);
}

void wait_finish(struct waiter *waiter)
{
	struct wait_queue *queue = waiter->queue;
	arch_irq_state_t irq;

	atomic_store_explicit(&task_current()->state, TASK_RUNNABLE, memory_order_relaxed);
	if (!list_linked(&waiter->node)) /* only the waiter itself takes it out */
		return;
	irq = spin_lock(&queue->lock);
	list_remove(&waiter->node);
	spin_unlock(&queue->lock, irq);
}

unsigned wait_queue_wake(struct wait_queue *queue, unsigned count)
{
	arch_irq_state_t irq = spin_lock(&queue->lock);
	struct list_node *last = list_empty(&queue->waiters) ? NULL : queue->waiters.head.prev;
	struct list_node *node = queue->waiters.head.next, *next;
	unsigned woken = 0;

	for (; last; node = next) {
		struct waiter *waiter = list_entry(node, struct waiter, node);

		next = node->next;
		if (waiter->notify) {
			waiter->notify(waiter);
		} else if (woken < count && task_wake(waiter->task)) {
			woken++;
			list_remove(node);
			list_push_back(&queue->waiters, node);
		}
		if (node == last)
			break;
	}
	spin_unlock(&queue->lock, irq);
	return woken;
}

void wait_queue_add(struct wait_queue *queue, struct waiter *waiter,
		    void (*notify)(struct waiter *waiter))
{
	arch_irq_state_t irq = spin_lock(&queue->lock);

	waiter->queue = queue;
	waiter->task = NULL;
	waiter->notify = notify;
	list_push_back(&queue->waiters, &waiter->node);
	spin_unlock(&queue->lock, irq);
}

void wait_queue_remove(struct waiter *waiter)
{
	struct wait_queue *queue = waiter->queue;
	arch_irq_state_t irq = spin_lock(&queue->lock);

	if (list_linked(&waiter->node))
		list_remove(&waiter->node);
	spin_unlock(&queue->lock, irq);
}

static int sleep(uint64_t deadline_ns, bool realtime)
{
	struct task *self = task_current();
	int result;

	do {
		atomic_store_explicit(&self->state, TASK_BLOCKED_SIGNAL, memory_order_seq_cst);
		result = task_block_until(deadline_ns, realtime);
	} while (!result);
	return result == -ETIMEDOUT ? 0 : result;
}

int task_sleep_until(uint64_t deadline_ns)
{
	return sleep(deadline_ns, false);
}

int task_sleep_until_realtime(uint64_t realtime_ns)
{
	return sleep(realtime_ns, true);
}
