/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes (pipe(7)): a ring of bytes between two files. The ring's memory comes with the first write.
 * The pipe of a FIFO (fifo(7)) belongs to the node of a memory file system; it may have any number
 * of ends, and loses its contents with the last one.
 *
 * Lock: pipe.lock guards the ring and is held while bytes move, so a write of up to PIPE_BUF bytes
 * is one piece. Both queues are woken after the change, without the lock.
 */
#include "pipe.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <fs/special.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <sched/signal.h>

#include "pipe_ring.h"

#define CAPACITY_DEFAULT (16 * PAGE_SIZE)
#define CAPACITY_MAX	 (1ul << 20) /* Linux: fs.pipe-max-size */

unsigned pipe_pieces(const struct pipe *pipe, size_t skip, size_t size,
		     struct file_segment pieces[2]) NO_THREAD_SAFETY
{
	size_t capacity = atomic_load(&pipe->capacity);
	size_t at = (pipe->start + skip) & (capacity - 1), first = MIN(size, capacity - at);

	pieces[0] = (struct file_segment){(uintptr_t)(pipe->data + at), first};
	pieces[1] = (struct file_segment){(uintptr_t)pipe->data, size - first};
	return first < size ? 2 : 1;
}

int pipe_prepare(struct pipe *pipe) NO_THREAD_SAFETY
{
	if (!pipe->data)
		pipe->data = kmalloc(atomic_load(&pipe->capacity));
	return pipe->data ? 0 : -ENOMEM;
}

void pipe_drop(struct pipe *pipe, size_t size) NO_THREAD_SAFETY
{
	pipe->start = (pipe->start + size) & (atomic_load(&pipe->capacity) - 1);
	atomic_fetch_sub(&pipe->used, size);
}

/* Takes bytes out of the ring: how many, or -EFAULT when not even one could be delivered. */
static int64_t take(struct pipe *pipe, struct file_io *io)
{
	size_t wanted = MIN(atomic_load(&pipe->used), io->remaining);
	struct file_segment pieces[2];
	int64_t done = 0, moved;
	unsigned count;

	if (!wanted)
		return 0;
	count = pipe_pieces(pipe, 0, wanted, pieces);
	for (unsigned i = 0; i < count; i++) {
		moved = file_io_put(io, (const void *)pieces[i].address, pieces[i].size);
		if (moved < 0)
			return done ? done : moved;
		pipe_drop(pipe, (size_t)moved);
		done += moved;
		if ((size_t)moved < pieces[i].size)
			break;
	}
	return done;
}

int64_t pipe_give(struct pipe *pipe, struct file_io *io, size_t wanted)
{
	struct file_segment pieces[2];
	int64_t done = 0, moved;
	unsigned count;

	if (pipe_prepare(pipe))
		return -ENOMEM;
	count = pipe_pieces(pipe, atomic_load(&pipe->used), wanted, pieces);
	for (unsigned i = 0; i < count; i++) {
		moved = file_io_get(io, (void *)pieces[i].address, pieces[i].size);
		if (moved < 0)
			return done ? done : moved;
		atomic_fetch_add(&pipe->used, (size_t)moved);
		done += moved;
		if ((size_t)moved < pieces[i].size)
			break;
	}
	return done;
}

static int64_t pipe_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct pipe *pipe = file->data;
	int64_t result;
	bool tight;
	int error;

	(void)offset;
	if (!io->remaining)
		return 0;
	for (;;) {
		bool ended = !atomic_load(&pipe->writers); /* before the look at the ring */

		mutex_lock(&pipe->lock);
		tight = pipe_tight(pipe);
		result = take(pipe, io);
		mutex_unlock(&pipe->lock);
		if (result > 0 && tight)
			pipe_wake_writers(pipe);
		if (result || ended)
			return result;
		if (file_io_nowait(file, io))
			return -EAGAIN;
		error = wait_event(&pipe->readable, WAIT_INTERRUPTIBLE, TIME_NEVER,
				   atomic_load(&pipe->used) || !atomic_load(&pipe->writers));
		if (error)
			return -ERESTARTSYS;
	}
}

int64_t pipe_broken(void)
{
	signal_send_self(SIGPIPE);
	return -EPIPE;
}

static int64_t pipe_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct pipe *pipe = file->data;
	/* Up to PIPE_BUF bytes go together. */
	size_t least = io->remaining <= PIPE_BUF ? io->remaining : 1, done = 0;
	int64_t result;

	(void)offset;
	while (io->remaining) {
		result = 0;
		mutex_lock(&pipe->lock);
		if (!atomic_load(&pipe->readers))
			result = pipe_broken();
		else if (pipe_space(pipe) >= least)
			result = pipe_give(pipe, io, MIN(pipe_space(pipe), io->remaining));
		mutex_unlock(&pipe->lock);
		if (result < 0)
			return done ? (int64_t)done : result;
		done += (size_t)result;
		if (result)
			wait_queue_wake(&pipe->readable, WAIT_ALL);
		if (!io->remaining)
			break;
		if (file_io_nowait(file, io))
			return done ? (int64_t)done : -EAGAIN;
		if (wait_event(&pipe->writable, WAIT_INTERRUPTIBLE, TIME_NEVER,
			       !atomic_load(&pipe->readers) || pipe_space(pipe) >= least))
			return done ? (int64_t)done : -ERESTARTSYS;
	}
	return (int64_t)done;
}

static unsigned read_end_poll(struct file *file, unsigned events)
{
	const struct pipe *pipe = file->data;
	unsigned ready = 0;

	(void)events;
	if (atomic_load(&pipe->used))
		ready |= POLLIN | POLLRDNORM;
	if (!atomic_load(&pipe->writers) && file->handle != atomic_load(&pipe->writer_opens))
		ready |= POLLHUP;
	return ready;
}

static unsigned write_end_poll(struct file *file, unsigned events)
{
	const struct pipe *pipe = file->data;
	unsigned ready = 0;

	(void)events;
	if (pipe_space(pipe) >= PIPE_BUF)
		ready |= POLLOUT | POLLWRNORM;
	if (!atomic_load(&pipe->readers))
		ready |= POLLERR;
	return ready;
}

static unsigned both_ends_poll(struct file *file, unsigned events)
{
	return read_end_poll(file, events) | write_end_poll(file, events);
}

static long pipe_ioctl(struct file *file, unsigned command, uintptr_t argument)
{
	const struct pipe *pipe = file->data;
	int available = (int)atomic_load(&pipe->used);

	if (command != FIONREAD)
		return -ENOTTY;
	return arch_user_write(argument, &available, sizeof(available));
}

static int pipe_stat(struct file *file, file_stat_t *stat)
{
	const struct pipe *pipe = file->data;

	if (!pipe->node)
		return special_stat(stat, S_IFIFO | 0600);
	mem_node_stat_locked(pipe->node, stat);
	return 0;
}

/* Moves the contents to a ring of CAPACITY bytes, which has room for them. */
static long resize(struct pipe *pipe, size_t capacity) NO_THREAD_SAFETY
{
	size_t used = atomic_load(&pipe->used), old = atomic_load(&pipe->capacity);
	size_t first = MIN(used, old - pipe->start);
	uint8_t *data;

	if (used > capacity)
		return -EBUSY;
	if (pipe->data) {
		data = kmalloc(capacity);
		if (!data)
			return -ENOMEM;
		memcpy(data, pipe->data + pipe->start, first);
		memcpy(data + first, pipe->data, used - first);
		kfree(pipe->data);
		pipe->data = data;
	}
	pipe->start = 0;
	atomic_store(&pipe->capacity, capacity);
	return (long)capacity;
}

static long set_capacity(struct pipe *pipe, uint64_t wanted)
{
	size_t capacity = PAGE_SIZE;
	long result;

	if (wanted > 1ul << 31 || (int32_t)wanted < 0)
		return -EINVAL;
	while (capacity < wanted)
		capacity *= 2;
	if (capacity > CAPACITY_MAX)
		return -EPERM;
	mutex_lock(&pipe->lock);
	result = resize(pipe, capacity);
	mutex_unlock(&pipe->lock);
	pipe_wake_writers(pipe);
	return result;
}

static long pipe_fcntl(struct file *file, int command, uintptr_t argument)
{
	struct pipe *pipe = file->data;

	switch (command) {
	case F_GETPIPE_SZ:
		return (long)atomic_load(&pipe->capacity);
	case F_SETPIPE_SZ:
		return set_capacity(pipe, (uint32_t)argument);
	default:
		return -EINVAL;
	}
}

void pipe_put(struct pipe *pipe) NO_THREAD_SAFETY
{
	if (atomic_fetch_sub(&pipe->files, 1) != 1)
		return;
	kfree(pipe->data);
	kfree(pipe);
}

/* A FIFO without ends is empty. */
static void drop_contents(struct pipe *pipe) NO_THREAD_SAFETY
{
	mutex_lock(&pipe->lock);
	if (!atomic_load(&pipe->readers) && !atomic_load(&pipe->writers)) {
		kfree(pipe->data);
		pipe->data = NULL;
		pipe->start = 0;
		atomic_store(&pipe->used, 0);
		atomic_store(&pipe->capacity, CAPACITY_DEFAULT);
	}
	mutex_unlock(&pipe->lock);
}

static bool reads(unsigned flags)
{
	return (flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(unsigned flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

/* One end has gone: the other side is to notice, and the last one frees the pipe. */
static void pipe_release(struct file *file)
{
	unsigned flags = atomic_load(&file->flags);
	struct pipe *pipe = file->data;
	struct mem_node *node = pipe->node;
	bool last = reads(flags) && atomic_fetch_sub(&pipe->readers, 1) == 1;

	if (writes(flags) && atomic_fetch_sub(&pipe->writers, 1) == 1)
		last = true;
	if (last) {
		wait_queue_wake(&pipe->readable, WAIT_ALL);
		pipe_wake_writers(pipe);
	}
	if (node)
		drop_contents(pipe);
	pipe_put(pipe);
	if (node)
		mem_node_put(node);
}

static const struct file_ops read_end_ops = {
	.read = pipe_read,
	.poll = read_end_poll,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
};

static const struct file_ops write_end_ops = {
	.write = pipe_write,
	.poll = write_end_poll,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
};

static const struct file_ops both_ends_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = both_ends_poll,
	.ioctl = pipe_ioctl,
	.stat = pipe_stat,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
};

struct pipe *pipe_of(const struct file *file)
{
	return file->ops->release == pipe_release ? file->data : NULL;
}

/* A pipe with ENDS readers and writers, and FILES references. */
static struct pipe *pipe_new(unsigned ends, unsigned files) NO_THREAD_SAFETY
{
	struct pipe *pipe = kzalloc(sizeof(*pipe));

	if (!pipe)
		return NULL;
	mutex_init(&pipe->lock);
	atomic_init(&pipe->capacity, CAPACITY_DEFAULT);
	atomic_init(&pipe->readers, ends);
	atomic_init(&pipe->writers, ends);
	atomic_init(&pipe->reader_opens, 1); /* never 0, so that file->handle 0 means neither */
	atomic_init(&pipe->writer_opens, 1);
	atomic_init(&pipe->files, files);
	wait_queue_init(&pipe->readable);
	wait_queue_init(&pipe->writable);
	return pipe;
}

int pipe_create(unsigned flags, struct file *ends[2])
{
	struct pipe *pipe = pipe_new(1, 2);

	if (!pipe)
		return -ENOMEM;
	ends[0] = file_create(&read_end_ops, pipe, O_RDONLY | flags, FILE_STREAM, NULL);
	if (!ends[0]) {
		kfree(pipe);
		return -ENOMEM;
	}
	ends[0]->poll_queue = &pipe->readable;
	ends[1] = file_create(&write_end_ops, pipe, O_WRONLY | flags, FILE_STREAM, NULL);
	if (!ends[1]) {
		atomic_store(&pipe->files, 1); /* there is no other end to wait for */
		file_put(ends[0]);
		return -ENOMEM;
	}
	ends[1]->poll_queue = &pipe->writable;
	return 0;
}

struct pipe *pipe_create_fifo(struct mem_node *node)
{
	struct pipe *pipe = pipe_new(0, 1);

	if (pipe)
		pipe->node = node;
	return pipe;
}

/* Waits until the other side has been opened, unless the mode says otherwise. */
static int wait_for_other_side(struct pipe *pipe, struct file *file, uint64_t readers_seen,
			       uint64_t writers_seen)
{
	unsigned flags = atomic_load(&file->flags);
	int error = 0;

	if (!writes(flags) && !atomic_load(&pipe->writers)) {
		if (flags & O_NONBLOCK)
			file->handle = atomic_load(&pipe->writer_opens); /* no POLLHUP yet */
		else
			error = wait_event(&pipe->readable, WAIT_INTERRUPTIBLE, TIME_NEVER,
					   atomic_load(&pipe->writer_opens) != writers_seen);
	} else if (!reads(flags) && !atomic_load(&pipe->readers)) {
		error = wait_event(&pipe->writable, WAIT_INTERRUPTIBLE, TIME_NEVER,
				   atomic_load(&pipe->reader_opens) != readers_seen);
	}
	return error ? -ERESTARTSYS : 0;
}

int fifo_open(struct pipe *pipe, unsigned flags, const char *path, struct file **out)
{
	uint64_t readers_seen = atomic_load(&pipe->reader_opens);
	uint64_t writers_seen = atomic_load(&pipe->writer_opens);
	const struct file_ops *ops = !writes(flags)  ? &read_end_ops
				     : !reads(flags) ? &write_end_ops
						     : &both_ends_ops;
	struct file *file;
	int error;

	if (!reads(flags) && flags & O_NONBLOCK && !atomic_load(&pipe->readers))
		return -ENXIO;
	file = file_create(ops, pipe, flags, FILE_STREAM, path);
	if (!file)
		return -ENOMEM;
	file->poll_queue = reads(flags) ? &pipe->readable : &pipe->writable;
	mem_node_get(pipe->node);
	atomic_fetch_add(&pipe->files, 1);
	if (reads(flags)) {
		atomic_fetch_add(&pipe->readers, 1);
		atomic_fetch_add(&pipe->reader_opens, 1);
	}
	if (writes(flags)) {
		atomic_fetch_add(&pipe->writers, 1);
		atomic_fetch_add(&pipe->writer_opens, 1);
	}
	wait_queue_wake(&pipe->readable, WAIT_ALL);
	wait_queue_wake(&pipe->writable, WAIT_ALL);
	error = wait_for_other_side(pipe, file, readers_seen, writers_seen);
	if (error)
		file_put(file);
	else
		*out = file;
	return error;
}
