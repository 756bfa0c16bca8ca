/* SPDX-License-Identifier: BSD-3-Clause */
/* Moving data of host files, and waiting for host streams. */
#include "hostfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <sched/signal.h>

#include "pagecache.h"

static unsigned io_flags(const struct file *file)
{
	if (!(file->kind & FILE_STREAM))
		return 0;
	return HOST_IO_INTERRUPTIBLE | (file_nonblocking(file) ? HOST_IO_NOWAIT : 0);
}

/* Does this transfer use the host's own position? */
static bool at_host_offset(const struct file *file, const uint64_t *offset)
{
	return !offset || ((file->kind & FILE_HOST_OFFSET) && offset == &file->offset);
}

static int64_t read_piece(struct file *file, const struct file_io *io, uintptr_t address,
			  size_t size, int64_t offset)
{
	struct host_call call = {
		.op = offset < 0 ? HC_READ : HC_PREAD,
		.handle = host_file_of(file)->handle,
		.interruptible = file->kind & FILE_STREAM,
		.in = (void *)address,
	};
	int64_t result;

	if (!io->kernel)
		return host_read(call.handle, address, size, offset, io_flags(file));
	size = MIN(size, (size_t)HC_DATA_MAX);
	call.arg[0] = call.in_capacity = size;
	call.arg[1] = (uint64_t)offset;
	result = host_call(&call);
	return result > (int64_t)size ? -EIO : result;
}

static int64_t write_piece(struct file *file, const struct file_io *io, uintptr_t address,
			   size_t size, int64_t offset, uint64_t *end)
{
	struct host_call call = {
		.op = offset < 0 ? HC_WRITE : HC_PWRITE,
		.handle = host_file_of(file)->handle,
		.interruptible = file->kind & FILE_STREAM,
		.arg = {0, (uint64_t)offset},
	};
	int64_t result;

	if (!io->kernel)
		return host_write(call.handle, address, size, offset, io_flags(file), end);
	size = MIN(size, (size_t)HC_DATA_MAX);
	call.out[0] = (struct host_buffer){(const void *)address, size};
	result = host_call(&call);
	*end = call.val[0];
	return result > (int64_t)size ? -EIO : result;
}

/* -EINTR restarts unless a handler says otherwise; a write to a closed pipe raises SIGPIPE. */
static int64_t settle(int64_t done, int64_t result)
{
	if (done)
		return done;
	if (result == -EPIPE)
		signal_send_self(SIGPIPE);
	return result == -EINTR ? -ERESTARTSYS : result;
}

/* An epoll set that has told of an edge asks no more: after a transfer that took all there was, the
 * next edge has to be watched for here. */
static void watch_for_edge(struct file *file, const struct file_io *io, unsigned events)
{
	if (!(file->kind & FILE_STREAM) || !io->remaining || list_empty(&file->watches))
		return;
	if (hostfs_poll(file, events | POLLERR | POLLHUP))
		wait_queue_wake(&host_file_of(file)->queue, WAIT_ALL);
}

int64_t hostfs_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	bool own = at_host_offset(file, offset);
	int64_t done = 0, result = 0;
	uintptr_t address;
	size_t size;

	if (!(file->kind & FILE_STREAM) && pagecache_in_use())
		pagecache_flush(file);
	while (file_io_piece(io, &address, &size)) {
		result = read_piece(file, io, address, size, own ? -1 : (int64_t)*offset);
		if (result <= 0)
			break;
		file_io_advance(io, (size_t)result);
		done += result;
		if (!own)
			*offset += (uint64_t)result;
		if (file->kind & FILE_STREAM)
			break; /* what was there; more may block */
	}
	watch_for_edge(file, io, POLLIN);
	return settle(done, result);
}

int64_t hostfs_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	bool append = atomic_load(&file->flags) & O_APPEND && offset == &file->offset;
	bool own = append || at_host_offset(file, offset);
	int64_t done = 0, result = 0;
	uint64_t end = UINT64_MAX;
	uintptr_t address;
	size_t size;

	while (file_io_piece(io, &address, &size)) {
		result = write_piece(file, io, address, size, own ? -1 : (int64_t)*offset, &end);
		if (result <= 0)
			break;
		file_io_advance(io, (size_t)result);
		done += result;
		if (append)
			*offset = end;
		else if (!own)
			*offset += (uint64_t)result;
	}
	watch_for_edge(file, io, POLLOUT);
	if (!own)
		end = *offset;
	if (done && end <= INT64_MAX && !(file->kind & FILE_STREAM) && pagecache_in_use())
		pagecache_after_write(file, end - (uint64_t)done, (uint64_t)done);
	return settle(done, result);
}

static int64_t poll_now(struct file *file, unsigned events)
{
	return hostfs_call_handle(file, HC_POLL, events, 1, 0);
}

/* Interrupt context: what we watched for has come (or the channel died). */
static void poll_done(void *argument, int64_t result)
{
	struct host_file *host = argument;

	(void)result;
	wait_queue_wake(&host->queue, WAIT_ALL);
}

static void watch(struct host_file *host, unsigned events) REQUIRES(host->poll_lock)
{
	bool ended = host->polling && READ_ONCE(host->poll.pending.done);

	if (host->polling && !ended && !(events & ~host->watched))
		return;
	if (host->polling)
		host_poll_cancel(&host->poll);
	/* Never less than before: two pollers with different wishes must not end each other's
	 * watch. */
	host->watched = ended ? events : host->watched | events;
	host->poll.done = poll_done;
	host->poll.argument = host;
	host->polling = !host_poll_start(&host->poll, host->handle, host->watched);
}

unsigned hostfs_poll(struct file *file, unsigned events)
{
	struct host_file *host = host_file_of(file);
	int64_t ready = poll_now(file, events);

	if (ready < 0)
		return POLLERR;
	if (ready)
		return (unsigned)ready;
	mutex_lock(&host->poll_lock);
	watch(host, events);
	mutex_unlock(&host->poll_lock);
	/* It may have become ready before the watch began; then the watch has ended already. */
	return 0;
}

void hostfs_poll_end(struct file *file)
{
	struct host_file *host = host_file_of(file);

	mutex_lock(&host->poll_lock);
	if (host->polling)
		host_poll_cancel(&host->poll);
	host->polling = false;
	mutex_unlock(&host->poll_lock);
}
