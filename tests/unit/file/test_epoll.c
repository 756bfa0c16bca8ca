/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll sets over files whose readiness the test sets: level, edge and one-shot against a model;
 * sets in sets, circles, chains that are too long; files that go away.
 */
#include <asm/errno.h>
#include <asm/poll.h>
#include <file/epoll.h>
#include <file/poll.h>
#include <linux/eventpoll.h>
#include <mm/heap.h>
#include <string.h>

#include "host.h"

#define FILES 12u
#define STEPS 100000u

struct source {
	struct file *file;
	struct wait_queue queue;
	bool ready;
	/* What the set knows of it. */
	bool watched, armed, edge;
	uint32_t flags;
};

static struct source sources[FILES];

static unsigned source_poll(struct file *file, unsigned events)
{
	const struct source *source = file->data;

	(void)events;
	return source->ready ? POLLIN : 0;
}

static const struct file_ops source_ops = {.poll = source_poll};

static void source_open(struct source *source)
{
	*source = (struct source){.ready = false};
	wait_queue_init(&source->queue);
	source->file = file_create(&source_ops, source, 0, FILE_STREAM, NULL);
	source->file->poll_queue = &source->queue;
}

static void source_set(struct source *source, bool ready)
{
	source->ready = ready;
	if (!ready)
		return;
	source->edge = true;
	wait_queue_wake(&source->queue, WAIT_ALL);
}

static int control(struct file *set, int op, unsigned index, uint32_t events)
{
	struct epoll_event_data event = {events, index};

	return epoll_control(set, op, (int)index, sources[index].file, &event);
}

static void add_or_change(struct file *set, struct source *source, unsigned index)
{
	static const uint32_t kinds[] = {0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT};
	uint32_t flags = kinds[unit_below(4)];
	int op = unit_below(2) ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
	int result = control(set, op, index, EPOLLIN | flags);

	if (op == EPOLL_CTL_ADD && source->watched) {
		CHECK_EQ(result, -EEXIST);
		return;
	}
	if (op == EPOLL_CTL_MOD && !source->watched) {
		CHECK_EQ(result, -ENOENT);
		return;
	}
	CHECK_EQ(result, 0);
	source->watched = source->armed = source->edge = true;
	source->flags = flags;
}

static bool event_due(const struct source *source)
{
	if (!source->watched || !source->armed || !source->ready)
		return false;
	return !(source->flags & EPOLLET) || source->edge;
}

static void collect(struct file *set)
{
	struct epoll_event_data out[FILES];
	unsigned due = 0, max = 1 + (unsigned)unit_below(FILES);
	bool seen[FILES] = {false};
	int found;

	for (unsigned i = 0; i < FILES; i++)
		due += event_due(&sources[i]);
	CHECK_EQ(poll_file(set, POLLIN), due ? POLLIN : 0);
	found = epoll_collect(set, out, (int)max, 0);
	CHECK_EQ(found, MIN(due, max));
	for (int i = 0; i < found; i++) {
		struct source *source = &sources[out[i].data];

		CHECK(event_due(source) && !seen[out[i].data]);
		CHECK_EQ(out[i].events, EPOLLIN);
		seen[out[i].data] = true;
		source->edge = false;
		source->armed = !(source->flags & EPOLLONESHOT);
	}
}

static void random_calls(void)
{
	struct file *set = epoll_create_file();

	for (unsigned i = 0; i < FILES; i++)
		source_open(&sources[i]);
	for (unsigned i = 0; i < STEPS; i++) {
		unsigned index = (unsigned)unit_below(FILES);
		struct source *source = &sources[index];

		switch (unit_below(9)) {
		case 0:
			add_or_change(set, source, index);
			break;
		case 1:
			CHECK_EQ(control(set, EPOLL_CTL_DEL, index, 0),
				 source->watched ? 0 : -ENOENT);
			source->watched = false;
			break;
		case 2:
			file_put(source->file); /* leaves the set */
			source_open(source);
			break;
		case 3:
		case 4:
			source_set(source, true);
			break;
		case 5:
			source_set(source, false);
			break;
		default:
			collect(set);
		}
	}
	file_put(set);
	for (unsigned i = 0; i < FILES; i++)
		file_put(sources[i].file);
	CHECK_EQ(host_blocks, 0);
}

static int nest(struct file *outer, struct file *inner)
{
	struct epoll_event_data event = {EPOLLIN, 0};

	return epoll_control(outer, EPOLL_CTL_ADD, 100, inner, &event);
}

static void nested(void)
{
	struct epoll_event_data out[2];
	struct file *sets[8];

	for (unsigned i = 0; i < 8; i++)
		sets[i] = epoll_create_file();
	source_open(&sources[0]);
	CHECK_EQ(control(sets[5], EPOLL_CTL_ADD, 0, EPOLLIN), 0);
	/* From the outside inwards; six in a chain. */
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(nest(sets[i], sets[i + 1]), 0);
	for (unsigned i = 0; i < 5; i++)
		CHECK_EQ(nest(sets[5], sets[i]), -ELOOP);
	CHECK_EQ(nest(sets[6], sets[0]), -ELOOP);
	CHECK_EQ(nest(sets[5], sets[6]), -ELOOP);
	CHECK_EQ(nest(sets[6], sets[1]), 0);
	source_set(&sources[0], true);
	CHECK_EQ(poll_file(sets[0], POLLIN), POLLIN);
	CHECK_EQ(epoll_collect(sets[0], out, 2, 0), 1);
	CHECK_EQ(epoll_collect(sets[5], out, 2, 0), 1);
	source_set(&sources[0], false);
	CHECK_EQ(poll_file(sets[0], POLLIN), 0);
	CHECK_EQ(epoll_collect(sets[6], out, 2, 0), 0);
	file_put(sources[0].file);
	/* The ones in the middle go first. */
	for (unsigned i = 0; i < 8; i++)
		file_put(sets[(i + 3) % 8]);
	CHECK_EQ(host_blocks, 0);
}

static int make_ready(void)
{
	source_set(&sources[0], true);
	return 0;
}

static int time_out(void)
{
	return -ETIMEDOUT;
}

static void waiting(void)
{
	struct file *set = epoll_create_file();
	struct epoll_event_data out[1];

	source_open(&sources[0]);
	CHECK_EQ(control(set, EPOLL_CTL_ADD, 0, EPOLLIN | EPOLLET), 0);
	host_on_block = make_ready;
	CHECK_EQ(epoll_collect(set, out, 1, UINT64_MAX), 1);
	host_on_block = time_out;
	CHECK_EQ(epoll_collect(set, out, 1, UINT64_MAX), 0);
	host_on_block = NULL;
	file_put(set);
	file_put(sources[0].file);
	CHECK_EQ(host_blocks, 0);
}

int main(void)
{
	file_paths_init();
	epoll_init();
	random_calls();
	nested();
	waiting();
	return 0;
}
