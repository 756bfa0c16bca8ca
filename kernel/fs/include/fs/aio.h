/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linux AIO (io_setup(2)): contexts, each with a ring of finished requests that the application
 * may read by itself. Reads and writes are done while they are submitted, as Linux does it for
 * files without direct I/O; only polls stay under way. Task context; all of these may block.
 */
#ifndef FS_AIO_H
#define FS_AIO_H

#include <file/file.h>
#include <lib/compiler.h>
#include <lib/types.h>
#include <linux/aio_abi.h>

struct aio_context;

/* A context for EVENTS requests at a time; *ID is the address of its ring. 0, -EINVAL, -EAGAIN
 * (all contexts together ask for too much) or -ENOMEM. */
must_check int aio_create(unsigned events, uintptr_t *id);
/* With a reference (aio_put); NULL: there is none. */
struct aio_context *aio_get(uintptr_t id);
void aio_put(struct aio_context *context);
/* Ends what is under way and waits for it. 0 or -EINVAL. */
must_check int aio_destroy(uintptr_t id);
/* So many events fit into the ring. */
unsigned aio_ring_size(const struct aio_context *context);

/* A request. Between aio_begin and its end it holds a place in the ring. */
struct aio_request {
	struct aio_context *context;
	struct io_event event;
	struct file *file;	 /* with a reference */
	struct file *event_file; /* eventfd to signal at the end, with a reference, or NULL */
};

/* Takes a place in the ring; false: all are taken. */
must_check bool aio_begin(struct aio_request *request, struct aio_context *context);
/* The end of a request: nothing has happened, or RESULT goes to the ring. Its files are put. */
void aio_abandon(struct aio_request *request);
void aio_complete(struct aio_request *request, int64_t result);
/* Completes REQUEST when one of EVENTS, POLLERR, POLLHUP holds for its file. 0, or -errno: the
 * request is still the caller's. */
must_check int aio_poll(const struct aio_request *request, unsigned events);
/* Ends the poll whose event.obj is OBJECT with an event. -EINPROGRESS, or -EINVAL: there is none.
 */
int aio_cancel(struct aio_context *context, uint64_t object);

/* Moves events to the application's memory at ADDRESS: at most MAX, and waits until DEADLINE_NS (0:
 * does not) for MIN. Their number (also fewer), -EINTR, -EFAULT, or -EINVAL: the context has ended.
 */
must_check int64_t aio_take(struct aio_context *context, unsigned long min, unsigned long max,
			    uintptr_t address, uint64_t deadline_ns);

void aio_init(void);

#endif /* FS_AIO_H */
