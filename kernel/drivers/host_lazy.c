/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes to standard output and error that nobody waits for (HC_FLAG_LAZY).
 *
 * On Linux a write to a pipe or terminal says no more than that the bytes are on their way. So a
 * small one is handed to the transport, and the task goes on; the host writes all of them in order,
 * also before the end of the program. When one fails, the next write to the handle has its error as
 * result, and is then waited for as long as writes fail. The first write is always waited for.
 *
 * Requests come from a pool, which also bounds what is under way. lazy_lock guards the pool and
 * what is known of the handles; it is the innermost of the channel's locks.
 */
#include "channel.h"

#include <asm/errno.h>
#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/compiler.h>

#define POOL_SIZE 256u
#define BYTES_MAX (32u << 10)

struct lazy_write {
	struct host_pending pending; /* first: found from it */
	struct lazy_write *next;     /* in the list of free ones */
	uint32_t handle, size;
};

struct lazy_handle {
	bool trusted; /* the last write succeeded */
	int error;    /* of one that nobody waited for, 0: none */
};

static struct spinlock lazy_lock = SPINLOCK_INIT;
static struct {
	struct lazy_write *free;
	unsigned made;	/* entries of the pool that have been used so far */
	uint32_t bytes; /* under way */
	struct lazy_handle handles[HC_STDERR + 1];
} lazy GUARDED_BY(lazy_lock);
static struct lazy_write pool[POOL_SIZE];

/* Is HANDLE one that may be written so? Decided by what it was at the start. */
static bool is_candidate(uint32_t handle)
{
	const struct channel_transport *transport = channel_transport();

	return transport && transport->send_lazy && host_hello() &&
	       (handle == HC_STDOUT || handle == HC_STDERR) &&
	       (host_hello()->fixed.std_handles[handle] & HC_HANDLE_STREAM);
}

/* Interrupt context or not, with the channel's lock held. */
static void completed(struct host_pending *pending)
{
	struct lazy_write *write = container_of(pending, struct lazy_write, pending);

	spin_lock_nested(&lazy_lock);
	if (pending->result < 0) {
		lazy.handles[write->handle].trusted = false;
		lazy.handles[write->handle].error = (int)pending->result;
	}
	lazy.bytes -= write->size;
	write->next = lazy.free;
	lazy.free = write;
	spin_unlock_nested(&lazy_lock);
}

/* An entry for SIZE bytes to HANDLE; NULL with *RESULT. */
static struct lazy_write *take(uint32_t handle, size_t size, int64_t *result)
{
	arch_irq_state_t state = spin_lock(&lazy_lock);
	struct lazy_handle *known = &lazy.handles[handle];
	struct lazy_write *write = NULL;

	*result = known->error ? known->error : -EAGAIN;
	known->error = 0;
	if (*result == -EAGAIN && known->trusted && size <= BYTES_MAX - lazy.bytes) {
		write = lazy.free;
		if (write)
			lazy.free = write->next;
		else if (lazy.made < POOL_SIZE)
			write = &pool[lazy.made++];
	}
	if (write) {
		/* Never unset: the receiver may still look at it when the entry is used again. */
		write->pending.completed = completed;
		write->handle = handle;
		write->size = (uint32_t)size;
		lazy.bytes += write->size;
	}
	spin_unlock(&lazy_lock, state);
	return write;
}

int64_t host_lazy_write(uint32_t handle, const void *data, size_t size)
{
	struct hc_request request = {.op = HC_WRITE, .flags = HC_FLAG_LAZY, .handle = handle};
	const struct host_buffer buffer = {data, size};
	struct lazy_write *write;
	int64_t result;

	if (size > HOST_LAZY_SIZE_MAX || !is_candidate(handle))
		return -EAGAIN;
	channel_transport()->poll();
	write = take(handle, size, &result);
	if (!write)
		return result;
	request.arg[0] = size;
	result = host_pending_send_lazy(&write->pending, &request, &buffer);
	/* A channel that is broken now stays so: the entry is not used again. */
	return result ? result : (int64_t)size;
}

void host_lazy_tried(uint32_t handle, int64_t result)
{
	arch_irq_state_t state;

	if (!is_candidate(handle))
		return;
	state = spin_lock(&lazy_lock);
	lazy.handles[handle].trusted = result >= 0;
	spin_unlock(&lazy_lock, state);
}
