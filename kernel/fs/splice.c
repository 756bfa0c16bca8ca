/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * splice(2), tee(2), vmsplice(2): bytes between pipes and other files, with the pipe's ring as the
 * buffer of the other file's read or write.
 *
 * Locks: pipe.lock is held while the other file reads or writes, as on Linux; two pipes are locked
 * in the order of their addresses. Order: pipe.lock -> whatever reading and writing take. Nobody
 * waits for data or room with the lock held.
 */
#include <fs/special.h>

#include <asm/errno.h>
#include <sched/signal.h>

#include "pipe_ring.h"

bool file_is_pipe(const struct file *file)
{
	return pipe_of(file) != NULL;
}

static bool may_not_wait(const struct file *pipe, bool nowait)
{
	return nowait || file_nonblocking(pipe);
}

/* Waits until the pipe holds something: 0, or -EAGAIN, -ERESTARTSYS. Also ends without writers. */
static int wait_data(struct file *file, bool nowait)
{
	struct pipe *pipe = file->data;

	if (may_not_wait(file, nowait))
		return -EAGAIN;
	return wait_event(&pipe->readable, WAIT_INTERRUPTIBLE, TIME_NEVER,
			  atomic_load(&pipe->used) || !atomic_load(&pipe->writers))
		       ? -ERESTARTSYS
		       : 0;
}

static int wait_space(struct file *file, bool nowait)
{
	struct pipe *pipe = file->data;

	if (may_not_wait(file, nowait))
		return -EAGAIN;
	return wait_event(&pipe->writable, WAIT_INTERRUPTIBLE, TIME_NEVER,
			  pipe_space(pipe) || !atomic_load(&pipe->readers))
		       ? -ERESTARTSYS
		       : 0;
}

static void wake_writers(struct pipe *pipe, bool was_tight)
{
	if (was_tight)
		pipe_wake_writers(pipe);
}

static void wake_readers(struct pipe *pipe)
{
	wait_queue_wake(&pipe->readable, WAIT_ALL);
}

/* Writes from the ring to OUT; 0 when the ring is empty. With the lock. */
static int64_t write_out(struct pipe *pipe, struct file *out, const uint64_t *offset, size_t size)
{
	struct file_segment pieces[2];
	struct file_io io = {.segments = pieces, .kernel = true};
	int64_t moved;

	io.remaining = MIN(size, atomic_load(&pipe->used));
	if (!io.remaining)
		return 0;
	io.count = pipe_pieces(pipe, 0, io.remaining, pieces);
	moved = file_write(out, &io, offset);
	if (moved > 0)
		pipe_drop(pipe, (size_t)moved);
	return moved;
}

int64_t splice_from_pipe(struct file *from, struct file *out, const uint64_t *offset, size_t size,
			 bool nowait)
{
	struct pipe *pipe = from->data;

	for (;;) {
		bool ended = !atomic_load(&pipe->writers), tight, empty;
		int64_t result;

		mutex_lock(&pipe->lock);
		tight = pipe_tight(pipe);
		empty = !atomic_load(&pipe->used);
		result = write_out(pipe, out, offset, size);
		mutex_unlock(&pipe->lock);
		if (result > 0)
			wake_writers(pipe, tight);
		if (!empty || ended)
			return result;
		result = wait_data(from, nowait);
		if (result)
			return result;
	}
}

/* Reads from IN into the ring, which has room. With the lock. */
static int64_t read_in(struct pipe *pipe, struct file *in, const uint64_t *offset, size_t size)
{
	struct file_segment pieces[2];
	struct file_io io = {.segments = pieces, .kernel = true};
	int64_t moved = pipe_prepare(pipe);

	if (moved)
		return moved;
	io.remaining = MIN(size, pipe_space(pipe));
	io.count = pipe_pieces(pipe, atomic_load(&pipe->used), io.remaining, pieces);
	moved = file_read(in, &io, offset);
	if (moved > 0)
		atomic_fetch_add(&pipe->used, (size_t)moved);
	return moved;
}

int64_t splice_to_pipe(struct file *in, const uint64_t *offset, struct file *to, size_t size,
		       bool nowait)
{
	struct pipe *pipe = to->data;

	for (;;) {
		int64_t result = 0;
		bool full = false;

		mutex_lock(&pipe->lock);
		if (!atomic_load(&pipe->readers))
			result = pipe_broken();
		else if (pipe_space(pipe))
			result = read_in(pipe, in, offset, size);
		else
			full = true;
		mutex_unlock(&pipe->lock);
		if (result > 0)
			wake_readers(pipe);
		if (!full)
			return result;
		result = wait_space(to, nowait);
		if (result)
			return result;
	}
}

int64_t splice_buffers(struct file_io *io, struct file *to, bool nowait)
{
	struct pipe *pipe = to->data;

	while (io->remaining) {
		int64_t result = 0;

		mutex_lock(&pipe->lock);
		if (!atomic_load(&pipe->readers))
			result = pipe_broken();
		else if (pipe_space(pipe))
			result = pipe_give(pipe, io, MIN(pipe_space(pipe), io->remaining));
		mutex_unlock(&pipe->lock);
		if (result > 0)
			wake_readers(pipe);
		if (!result)
			result = wait_space(to, nowait);
		if (result)
			return result;
	}
	return 0;
}

static void lock_both(struct pipe *a, struct pipe *b) NO_THREAD_SAFETY
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct pipe *a, struct pipe *b) NO_THREAD_SAFETY
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* From ring to ring as much as both allow, which may be nothing. With both locks. */
static int64_t copy_ring(struct pipe *from, struct pipe *to, size_t size, bool keep)
{
	struct file_segment pieces[2];
	struct file_io io = {.segments = pieces, .kernel = true};
	int64_t moved;

	if (!atomic_load(&to->readers))
		return pipe_broken();
	io.remaining = MIN(size, MIN(atomic_load(&from->used), pipe_space(to)));
	if (!io.remaining)
		return 0;
	io.count = pipe_pieces(from, 0, io.remaining, pieces);
	moved = pipe_give(to, &io, io.remaining);
	if (moved > 0 && !keep)
		pipe_drop(from, (size_t)moved);
	return moved;
}

int64_t splice_pipes(struct file *from_file, struct file *to_file, size_t size, bool keep,
		     bool nowait)
{
	struct pipe *from = from_file->data, *to = to_file->data;

	if (from == to)
		return -EINVAL;
	for (;;) {
		bool ended = !atomic_load(&from->writers), tight, empty;
		int64_t result;

		lock_both(from, to);
		tight = pipe_tight(from);
		empty = !atomic_load(&from->used);
		result = copy_ring(from, to, size, keep);
		unlock_both(from, to);
		if (result > 0) {
			wake_readers(to);
			if (!keep)
				wake_writers(from, tight);
		}
		if (result || (empty && ended))
			return result;
		result = empty ? wait_data(from_file, nowait) : wait_space(to_file, nowait);
		if (result)
			return result;
	}
}
