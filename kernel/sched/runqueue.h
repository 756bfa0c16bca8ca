/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of runnable things by priority: a bitmap of the priorities in use and a FIFO list for
 * each. All operations are O(1). The caller locks. Also built and tested on the host.
 */
#ifndef SCHED_RUNQUEUE_H
#define SCHED_RUNQUEUE_H

#include <lib/list.h>

#define RUNQUEUE_PRIORITIES 32u

struct runqueue {
	uint32_t bitmap; /* bit p: lists[p] is not empty */
	uint32_t count;
	struct list lists[RUNQUEUE_PRIORITIES];
};

static inline void runqueue_init(struct runqueue *queue)
{
	queue->bitmap = 0;
	queue->count = 0;
	for (unsigned i = 0; i < RUNQUEUE_PRIORITIES; i++)
		list_init(&queue->lists[i]);
}

static inline void runqueue_push(struct runqueue *queue, struct list_node *node, unsigned priority,
				 bool front)
{
	ASSERT(priority < RUNQUEUE_PRIORITIES);
	if (front)
		list_push_front(&queue->lists[priority], node);
	else
		list_push_back(&queue->lists[priority], node);
	queue->bitmap |= 1u << priority;
	queue->count++;
}

static inline void runqueue_remove(struct runqueue *queue, struct list_node *node,
				   unsigned priority)
{
	list_remove(node);
	if (list_empty(&queue->lists[priority]))
		queue->bitmap &= ~(1u << priority);
	queue->count--;
}

/* Highest priority in the queue, or -1 when it is empty. */
static inline int runqueue_top(const struct runqueue *queue)
{
	return queue->bitmap ? 31 - __builtin_clz(queue->bitmap) : -1;
}

/* Takes the oldest node of the highest priority; NULL when the queue is empty. */
static inline struct list_node *runqueue_pop(struct runqueue *queue)
{
	int top = runqueue_top(queue);
	struct list_node *node;

	if (top < 0)
		return NULL;
	node = list_front(&queue->lists[top]);
	runqueue_remove(queue, node, (unsigned)top);
	return node;
}

#endif /* SCHED_RUNQUEUE_H */
