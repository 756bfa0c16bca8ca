/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes against a plain byte queue: random reads and writes in pieces, of all sizes, buffers that
 * fault, changes of the capacity, splice and tee; then what only one thread can show of blocking,
 * and that nothing is left on the heap.
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <file/epoll.h>
#include <file/poll.h>
#include <fs/special.h>
#include <linux/fcntl.h>
#include <sched/signal.h>
#include <string.h>

#include "host.h"

#define STEPS	     30000u
#define AREA	     (256ul << 10)
#define PIPE_PIECE   4096u
#define PARTS	     5u
#define CAPACITY_MAX (1ul << 20)
#define SIGNAL_PIPE  13

/* What a pipe holds, by the book. */
struct model {
	uint8_t bytes[CAPACITY_MAX];
	size_t used, capacity;
};

struct tube {
	struct file *in, *out;
	struct model *model;
};

static uint8_t *area; /* the application's memory; nothing behind it */
static uint8_t expected[AREA];

static struct tube make(unsigned flags)
{
	struct file *ends[2];
	struct tube tube = {.model = calloc(1, sizeof(struct model))};

	CHECK_EQ(pipe_create(flags, ends), 0);
	tube.in = ends[0];
	tube.out = ends[1];
	tube.model->capacity = 16 * PAGE_SIZE;
	return tube;
}

static void drop(struct tube *tube)
{
	file_put(tube->in);
	file_put(tube->out);
	free(tube->model);
}

/* Random buffers, SIZE bytes in all, one behind the other from START on. */
static unsigned split(struct file_segment parts[PARTS], size_t start, size_t size)
{
	unsigned count = 1 + (unsigned)unit_below(PARTS);

	for (unsigned i = 0; i < count; i++) {
		size_t part = i == count - 1 ? size : unit_below(size + 1);

		parts[i] = (struct file_segment){(uintptr_t)area + start, part};
		start += part;
		size -= part;
	}
	return count;
}

static size_t random_size(void)
{
	static const size_t limits[] = {2, 100, PIPE_PIECE + 2, 3 * PIPE_PIECE, AREA};

	return unit_below(limits[unit_below(5)]);
}

/* How much of SIZE bytes from START on the application can reach: whole pages, as the kernel copies
 * page by page behind the first fault. */
static size_t before_fault(size_t start, size_t size)
{
	size_t end = host_user_end - (uintptr_t)area;

	return MIN(size, end > start ? end - start : 0);
}

static void write_some(struct tube *tube)
{
	struct model *model = tube->model;
	size_t size = random_size(), start = unit_below(AREA - size + 1), wanted, space;
	struct file_segment parts[PARTS];
	struct file_io io = {.segments = parts, .count = split(parts, start, size)};
	int64_t result;

	io.remaining = size;
	for (size_t i = 0; i < size; i++)
		area[start + i] = (uint8_t)unit_random();
	memcpy(expected, area + start, size);
	space = model->capacity - model->used;
	wanted = size <= PIPE_PIECE && size > space ? 0 : MIN(size, space);
	result = file_write(tube->out, &io, NULL);
	if (wanted)
		wanted = before_fault(start, wanted);
	if (size && size > space && !wanted && result == -EAGAIN)
		return;
	CHECK_EQ(result, wanted || !size ? (int64_t)wanted : result == -EAGAIN ? -EAGAIN : -EFAULT);
	memcpy(model->bytes + model->used, expected, wanted);
	model->used += wanted;
	CHECK_EQ(io.remaining, size - wanted);
}

static void read_some(struct tube *tube)
{
	struct model *model = tube->model;
	size_t size = random_size(), start = unit_below(AREA - size + 1), wanted;
	struct file_segment parts[PARTS];
	struct file_io io = {.segments = parts, .count = split(parts, start, size)};
	int64_t result;

	io.remaining = size;
	wanted = MIN(size, model->used);
	result = file_read(tube->in, &io, NULL);
	if (size && !model->used) {
		CHECK_EQ(result, -EAGAIN);
		return;
	}
	wanted = before_fault(start, wanted);
	CHECK_EQ(result, wanted || !size ? (int64_t)wanted : -EFAULT);
	CHECK(memcmp(area + start, model->bytes, wanted) == 0);
	model->used -= wanted;
	memmove(model->bytes, model->bytes + wanted, model->used);
}

static void resize(struct tube *tube)
{
	size_t wanted = PAGE_SIZE << unit_below(7);
	long result =
		tube->in->ops->fcntl(tube->in, F_SETPIPE_SZ, wanted - unit_below(PAGE_SIZE / 2));

	if (wanted < tube->model->used) {
		CHECK_EQ(result, -EBUSY);
		return;
	}
	CHECK_EQ(result, wanted);
	CHECK_EQ(tube->out->ops->fcntl(tube->out, F_GETPIPE_SZ, 0), wanted);
	tube->model->capacity = wanted;
}

static void move(struct tube *from, struct tube *to)
{
	struct model *a = from->model, *b = to->model;
	size_t size = random_size() + 1, wanted = MIN(size, MIN(a->used, b->capacity - b->used));
	bool keep = unit_below(2);
	int64_t result = splice_pipes(from->in, to->out, size, keep, true);

	CHECK_EQ(result, wanted ? (int64_t)wanted : -EAGAIN);
	memcpy(b->bytes + b->used, a->bytes, wanted);
	b->used += wanted;
	if (keep)
		return;
	a->used -= wanted;
	memmove(a->bytes, a->bytes + wanted, a->used);
}

static void check_poll(struct tube *tube)
{
	const struct model *model = tube->model;
	bool room = model->capacity - model->used >= PIPE_PIECE;

	CHECK_EQ(poll_file(tube->in, POLLIN | POLLOUT), model->used ? POLLIN : 0);
	CHECK_EQ(poll_file(tube->out, POLLIN | POLLOUT), room ? POLLOUT : 0);
}

static void random_calls(void)
{
	struct tube tubes[2] = {make(O_NONBLOCK), make(O_NONBLOCK)};

	for (unsigned i = 0; i < STEPS; i++) {
		struct tube *tube = &tubes[unit_below(2)];

		/* Now and then the application's memory ends on a page within the area. */
		host_user_end = (uintptr_t)area + AREA;
		if (!unit_below(4))
			host_user_end -= unit_below(AREA / PAGE_SIZE) * PAGE_SIZE;
		switch (unit_below(10)) {
		case 0:
			resize(tube);
			break;
		case 1:
			move(&tubes[0], &tubes[1]);
			break;
		case 2:
			move(&tubes[1], &tubes[0]);
			break;
		case 3:
		case 4:
		case 5:
			write_some(tube);
			break;
		default:
			read_some(tube);
		}
		check_poll(tube);
	}
	host_user_end = (uintptr_t)area + AREA;
	drop(&tubes[0]);
	drop(&tubes[1]);
	CHECK_EQ(host_blocks, 0);
}

static int64_t transfer(struct file *file, bool out, size_t size)
{
	struct file_segment segment = {(uintptr_t)area, size};
	struct file_io io = {.segments = &segment, .count = 1, .remaining = size};

	return out ? file_write(file, &io, NULL) : file_read(file, &io, NULL);
}

static struct tube blocked;
static unsigned blocks;

static int write_when_blocked(void)
{
	blocks++;
	CHECK_EQ(transfer(blocked.out, true, 3), 3);
	return 0;
}

static int read_when_blocked(void)
{
	blocks++;
	return transfer(blocked.in, false, 1000) == 1000 ? 0 : -EINTR;
}

static int interrupt(void)
{
	return -EINTR;
}

static void blocking(void)
{
	blocked = make(0);
	host_on_block = write_when_blocked;
	CHECK_EQ(transfer(blocked.in, false, 10), 3);
	host_on_block = interrupt;
	CHECK_EQ(transfer(blocked.in, false, 10), -ERESTARTSYS);
	/* More than the pipe holds: the reader makes room again and again. */
	host_on_block = read_when_blocked;
	blocks = 0;
	CHECK_EQ(transfer(blocked.out, true, 200000), 200000);
	CHECK_EQ(blocks, (200000 - 65536 + 999) / 1000);
	host_on_block = interrupt;
	CHECK(transfer(blocked.out, true, 5000) > 0); /* what fitted */
	CHECK_EQ(transfer(blocked.out, true, 4000), -ERESTARTSYS);
	host_on_block = NULL;
	/* Without the other end. */
	file_put(blocked.in);
	CHECK_EQ(poll_file(blocked.out, 0), POLLERR);
	CHECK_EQ(transfer(blocked.out, true, 1), -EPIPE);
	CHECK_EQ(host_signals[SIGNAL_PIPE], 1);
	file_put(blocked.out);
	free(blocked.model);
	blocked = make(0);
	CHECK_EQ(transfer(blocked.out, true, 5), 5);
	file_put(blocked.out);
	CHECK_EQ(poll_file(blocked.in, POLLIN), POLLIN | POLLHUP);
	CHECK_EQ(transfer(blocked.in, false, 10), 5);
	CHECK_EQ(transfer(blocked.in, false, 10), 0);
	CHECK_EQ(transfer(blocked.in, true, 10), -EBADF);
	file_put(blocked.in);
	free(blocked.model);
	CHECK_EQ(host_blocks, 0);
}

static void no_memory(void)
{
	struct file *ends[2];

	for (host_blocks_left = 0; host_blocks_left < 3; host_blocks_left++) {
		long left = host_blocks_left;

		CHECK_EQ(pipe_create(0, ends), -ENOMEM);
		CHECK_EQ(host_blocks, 0);
		host_blocks_left = left;
	}
	CHECK_EQ(pipe_create(0, ends), 0);
	CHECK_EQ(transfer(ends[1], true, 1), -ENOMEM);
	file_put(ends[0]);
	file_put(ends[1]);
	CHECK_EQ(host_blocks, 0);
}

int main(void)
{
	area = aligned_alloc(PAGE_SIZE, AREA);
	CHECK(area != NULL);
	memset(area, 0, AREA);
	file_paths_init();
	epoll_init();
	random_calls();
	blocking();
	no_memory();
	free(area);
	return 0;
}
