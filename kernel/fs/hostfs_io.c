/* SPDX-License-Identifier: BSD-3-Clause */
/* Moving data of host files, and waiting for host streams. */
#include "hostfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <sched/signal.h>

#include "pagecache.h"

static unsigned io_flags(const struct file *file, const struct file_io *io)
{
	unsigned flags = io->append ? HOST_IO_APPEND : 0;

	if (file->kind & FILE_STREAM)
		flags |= HOST_IO_INTERRUPTIBLE | (file_io_nowait(file, io) ? HOST_IO_NOWAIT : 0);
	return flags;
}

/* Does this transfer use the host's own position? */
static bool at_host_offset(const struct file *file, const uint64_t *offset)
{
	return !offset || ((file->kind & FILE_HOST_OFFSET) && offset == &file->offset);
}

/* *ASKED: what the host was asked for. */
static int64_t read_piece(struct file *file, const struct file_io *io, uintptr_t address,
			  size_t size, int64_t offset, size_t *asked)
{
	uint32_t handle = host_file_of(file)->handle;

	if (!io->kernel)
		return host_read(handle, address, size, offset, io_flags(file, io), asked);
	return host_read_kernel(handle, (void *)address, size, offset, io_flags(file, io), asked);
}

static int64_t write_piece(struct file *file, const struct file_io *io, uintptr_t address,
			   size_t size, int64_t offset, uint64_t *end)
{
	uint32_t handle = host_file_of(file)->handle;

	if (!io->kernel)
		return host_write(handle, address, size, offset, io_flags(file, io), end);
	return host_write_kernel(handle, (const void *)address, size, offset, io_flags(file, io),
				 end);
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
	size_t size, asked;

	if (!(file->kind & FILE_STREAM) && pagecache_in_use())
		pagecache_flush(file);
	while (file_io_piece(io, &address, &size)) {
		result = read_piece(file, io, address, size, own ? -1 : (int64_t)*offset, &asked);
		if (result <= 0)
			break;
		file_io_advance(io, (size_t)result);
		done += result;
		if (!own)
			*offset += (uint64_t)result;
		if (file->kind & FILE_STREAM || (size_t)result < asked)
			break; /* what was there: more may block, or the file ends here */
	}
	watch_for_edge(file, io, POLLIN);
	return settle(done, result);
}

/* The pages in memory of what a write has changed: the DONE bytes before END. */
static void refresh_pages(struct file *file, uint64_t end, int64_t done)
{
	if (file->kind & FILE_STREAM || done <= 0 || !pagecache_in_use())
		return;
	if (end <= INT64_MAX)
		pagecache_after_write(file, end - (uint64_t)done, (uint64_t)done);
	else /* nobody knows where */
		pagecache_after_write(file, 0, INT64_MAX);
}

/* The host finds the end of a file to append to, at its own position. That of an inherited file is
 * the application's, and must not move when the application names another one. */
int64_t hostfs_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	bool append = file_io_appends(file, io) &&
		      (offset == &file->offset || !(file->kind & FILE_HOST_OFFSET));
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
		if (append && offset)
			*offset = end;
		else if (!own)
			*offset += (uint64_t)result;
	}
	watch_for_edge(file, io, POLLOUT);
	if (!own)
		end = file_io_appends(file, io) ? UINT64_MAX : *offset;
	refresh_pages(file, end, done);
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
