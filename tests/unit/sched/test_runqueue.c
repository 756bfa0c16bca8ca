/* SPDX-License-Identifier: BSD-3-Clause */
/* The run queue against a simple model: highest priority first, oldest first among equals. */
#include "../common/unit.h"
#include "runqueue.h"

#define ITEMS 100u
#define STEPS 200000u

struct item {
	struct list_node node;
	unsigned priority;
	int64_t order; /* position among equals: lower is earlier */
};

static struct item items[ITEMS];
static struct runqueue queue;

static struct item *expected_first(void)
{
	struct item *best = NULL;

	for (unsigned i = 0; i < ITEMS; i++) {
		struct item *item = &items[i];

		if (!list_linked(&item->node))
			continue;
		if (!best || item->priority > best->priority ||
		    (item->priority == best->priority && item->order < best->order))
			best = item;
	}
	return best;
}

static void step(int64_t now)
{
	struct item *item = &items[unit_below(ITEMS)], *first;
	struct list_node *node;
	bool front = unit_below(4) == 0;

	if (!list_linked(&item->node)) {
		item->priority = (unsigned)unit_below(RUNQUEUE_PRIORITIES);
		item->order = front ? -now : now;
		runqueue_push(&queue, &item->node, item->priority, front);
	} else if (unit_below(2)) {
		runqueue_remove(&queue, &item->node, item->priority);
	} else {
		first = expected_first();
		CHECK_EQ(runqueue_top(&queue), first->priority);
		node = runqueue_pop(&queue);
		CHECK(node == &first->node);
		CHECK(!list_linked(node));
	}
}

int main(void)
{
	unsigned linked = 0;

	runqueue_init(&queue);
	CHECK_EQ(runqueue_top(&queue), -1);
	CHECK(!runqueue_pop(&queue));
	for (int64_t i = 1; i <= STEPS; i++)
		step(i);
	for (unsigned i = 0; i < ITEMS; i++)
		linked += list_linked(&items[i].node);
	CHECK_EQ(queue.count, linked);
	while (linked--)
		CHECK(runqueue_pop(&queue));
	CHECK_EQ(queue.bitmap, 0);
	CHECK_EQ(queue.count, 0);
	return 0;
}
