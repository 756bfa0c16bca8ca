/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of pipes, for pipe.c and splice.c. Private to this folder. */
#ifndef FS_PIPE_RING_H
#define FS_PIPE_RING_H

#include <file/file.h>
#include <linux/limits.h>

/*
 * pipe.lock is held while bytes move. `used`, `capacity` and the counts of ends are atomic, as the
 * conditions of sleepers and poll read them without the lock.
 */
struct pipe {
	struct mutex lock;
	uint8_t *data GUARDED_BY_MEMBER(lock); /* NULL: nothing was written yet */
	size_t start GUARDED_BY_MEMBER(lock);
	_Atomic size_t capacity, used; /* a power of two; changed with the lock */
	_Atomic uint32_t readers, writers;
	_Atomic uint64_t reader_opens, writer_opens; /* how many there have ever been */
	_Atomic uint32_t files; /* ends that are not released, and the FIFO's node */
	struct mem_node *node;	/* of a FIFO, whose open files hold references to it; or NULL */
	struct wait_queue readable, writable;
};

static inline size_t pipe_space(const struct pipe *pipe)
{
	return atomic_load(&pipe->capacity) - atomic_load(&pipe->used);
}

static inline void pipe_wake_writers(struct pipe *pipe)
{
	wait_queue_wake(&pipe->writable, WAIT_ALL);
	if (pipe->node) /* who polls an end for reading and writing waits here */
		wait_queue_wake(&pipe->readable, WAIT_ALL);
}

/* May someone wait for room, or for POLLOUT? With the lock. */
static inline bool pipe_tight(const struct pipe *pipe)
{
	return pipe_space(pipe) < PIPE_BUF;
}

/* The pipe behind FILE, or NULL. */
struct pipe *pipe_of(const struct file *file);

/* Up to two pieces of the ring, SIZE bytes from SKIP bytes behind its start on; how many. With the
 * lock, and memory for the ring. */
unsigned pipe_pieces(const struct pipe *pipe, size_t skip, size_t size,
		     struct file_segment pieces[2]);

/* Memory for the ring: 0 or -ENOMEM. With the lock. */
int pipe_prepare(struct pipe *pipe);

/* Puts up to WANTED bytes into the ring, which has room for them. With the lock. Bytes, -EFAULT or
 * -ENOMEM. */
int64_t pipe_give(struct pipe *pipe, struct file_io *io, size_t wanted);

/* The first SIZE bytes of the ring are done with. With the lock. */
void pipe_drop(struct pipe *pipe, size_t size);

/* Nobody will ever read what is written: SIGPIPE, -EPIPE. */
int64_t pipe_broken(void);

#endif /* FS_PIPE_RING_H */
