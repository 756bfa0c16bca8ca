/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * READ, WRITE, PREAD, PWRITE, REPORT: the calls that move data. Where it comes from or goes to:
 *   - the frame itself: one piece, the request's payload or the reply buffer;
 *   - mapped guest memory: the pieces that the guest named, without a copy;
 *   - another process's guest memory: by way of the reply buffer, one buffer full at a time.
 */
#include "file_calls.h"
#include "symbols.h"
#include "transfer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Guest memory that a call names; COUNT 0: the data is in the frame. */
struct guest_buffer {
	const struct guest_mem *mem;
	size_t count;
	uint64_t total;
	struct guest_span spans[HC_SEGS_MAX];
};

/* A transfer that waits, with the memory it needs meanwhile. */
struct waiting_transfer {
	struct deferred deferred;
	struct transfer transfer;
	uint8_t *data;		     /* copy of what is to be written, or room for what is read */
	struct guest_buffer *buffer; /* where read data goes then, NULL: into the reply */
	unsigned turn;		     /* of an ordered write among those of its handle */
	struct iovec iov[];
};

static void note_end_offset(const struct transfer *transfer, uint64_t *end)
{
	off_t offset = -1;
	if (transfer->write && (transfer->handle->attributes & HC_HANDLE_SEEKABLE))
		offset = lseek(transfer->handle->fd, 0, SEEK_CUR);
	*end = (uint64_t)offset;
}

static int64_t waiting_transfer_end(struct waiting_transfer *waiting, ssize_t result)
{
	struct guest_buffer *buffer = waiting->buffer;

	note_end_offset(&waiting->transfer, &waiting->deferred.val[0]);
	if (waiting->transfer.write || !waiting->data || result <= 0)
		return result;
	if (buffer)
		return guest_mem_copy_in(buffer->mem, buffer->spans, buffer->count, 0,
					 waiting->data, (size_t)result)
			       ? -EFAULT
			       : result;
	waiting->deferred.out = waiting->data;
	waiting->deferred.out_size = (size_t)result;
	return result;
}

/* Do ordered writes to HANDLE wait? */
static bool handle_has_turns(struct handle *handle)
{
	return atomic_load(&handle->turn_next) != atomic_load(&handle->turn_now);
}

static ssize_t transfer_start(struct transfer *transfer)
{
	if (!transfer->ordered || !handle_has_turns(transfer->handle))
		return transfer_run(transfer);
	transfer->wait_events = POLLOUT;
	return TRANSFER_WAIT;
}

static int64_t waiting_transfer_resume(struct deferred *deferred, short revents)
{
	struct waiting_transfer *waiting = (struct waiting_transfer *)deferred;
	const struct transfer *transfer = &waiting->transfer;
	(void)revents;
	if (transfer->ordered &&
	    (int)(waiting->turn - atomic_load(&transfer->handle->turn_now)) > 0)
		return CALL_DEFERRED;
	ssize_t result = transfer_run(&waiting->transfer);
	return result == TRANSFER_WAIT ? CALL_DEFERRED : waiting_transfer_end(waiting, result);
}

static int64_t waiting_transfer_cancel(struct deferred *deferred)
{
	struct waiting_transfer *waiting = (struct waiting_transfer *)deferred;
	return waiting_transfer_end(waiting, transfer_cancelled(&waiting->transfer));
}

static void waiting_transfer_free(struct waiting_transfer *waiting)
{
	free(waiting->data);
	free(waiting->buffer);
	free(waiting);
}

static void waiting_transfer_destroy(struct deferred *deferred)
{
	struct waiting_transfer *waiting = (struct waiting_transfer *)deferred;
	if (waiting->transfer.ordered)
		atomic_fetch_add(&waiting->transfer.handle->turn_now, 1);
	handle_put(waiting->transfer.handle);
	waiting_transfer_free(waiting);
}

/* Puts the rest of TRANSFER aside. The pieces in its iov must last. */
static struct waiting_transfer *transfer_defer(struct hostcall *call,
					       const struct transfer *transfer)
{
	size_t iov_bytes = transfer->count * sizeof(struct iovec);
	struct waiting_transfer *waiting = calloc(1, sizeof(*waiting) + iov_bytes);

	if (!waiting)
		return NULL;
	waiting->transfer = *transfer;
	waiting->transfer.iov = waiting->iov;
	memcpy(waiting->iov, transfer->iov, iov_bytes);
	atomic_fetch_add_explicit(&transfer->handle->refs, 1, memory_order_relaxed);
	if (transfer->ordered) {
		waiting->turn = atomic_fetch_add(&transfer->handle->turn_next, 1);
		waiting->deferred.must_finish = call->request.flags & HC_FLAG_LAZY;
	}
	waiting->deferred.fd = transfer->handle->io_fd;
	waiting->deferred.events = transfer->wait_events;
	waiting->deferred.resume = waiting_transfer_resume;
	waiting->deferred.cancel = waiting_transfer_cancel;
	waiting->deferred.destroy = waiting_transfer_destroy;
	call->deferred = &waiting->deferred;
	return waiting;
}

/* The same with SIZE bytes of memory of its own as the one piece that is left. */
static struct waiting_transfer *transfer_defer_copy(struct hostcall *call,
						    const struct transfer *transfer, size_t size)
{
	struct waiting_transfer *waiting = transfer_defer(call, transfer);
	if (!waiting)
		return NULL;
	waiting->data = malloc(size ? size : 1);
	if (!waiting->data) {
		waiting_transfer_destroy(&waiting->deferred);
		return NULL;
	}
	waiting->iov[0] = (struct iovec){waiting->data, size};
	return waiting;
}

/* Data in the frame. */
static int64_t transfer_inline(struct hostcall *call, struct transfer *transfer)
{
	uint64_t wanted = call->request.arg[0];
	struct iovec piece = {(void *)(uintptr_t)call->payload, call->payload_size};

	if (!transfer->write) {
		if (call->payload_size != 0)
			return -EBADMSG;
		piece.iov_base = call->out;
		piece.iov_len = wanted < HC_DATA_MAX ? (size_t)wanted : HC_DATA_MAX;
	}
	transfer->iov = &piece;
	transfer->count = 1;
	ssize_t result = transfer_start(transfer);
	if (result == TRANSFER_WAIT) {
		struct waiting_transfer *waiting =
			transfer_defer_copy(call, transfer, piece.iov_len);
		transfer->iov = NULL;
		if (!waiting)
			return -ENOMEM;
		if (transfer->write)
			memcpy(waiting->data, piece.iov_base, piece.iov_len);
		return CALL_DEFERRED;
	}
	transfer->iov = NULL;
	if (!transfer->write && result > 0)
		call->out_size = (size_t)result;
	return result;
}

/* Guest memory that is mapped here. */
static int64_t transfer_mapped(struct hostcall *call, struct transfer *transfer,
			       const struct guest_buffer *buffer)
{
	struct iovec iov[HC_SEGS_MAX];

	guest_mem_iov(buffer->mem, buffer->spans, buffer->count, iov);
	transfer->mem = buffer->mem;
	transfer->iov = iov;
	transfer->count = buffer->count;
	ssize_t result = transfer_start(transfer);
	if (result == TRANSFER_WAIT)
		result = transfer_defer(call, transfer) ? CALL_DEFERRED : -ENOMEM;
	transfer->iov = NULL;
	return result;
}

/* A stream is not ready after DONE bytes: the rest waits in memory of its own. */
static int64_t copied_transfer_defer(struct hostcall *call, struct transfer *transfer,
				     const struct guest_buffer *buffer, uint64_t done)
{
	uint64_t left = buffer->total - done;
	if (!transfer->write && left > HC_DATA_MAX)
		left = HC_DATA_MAX;
	transfer->count = 1;
	struct waiting_transfer *waiting = transfer_defer_copy(call, transfer, left);
	if (!waiting)
		return -ENOMEM;
	waiting->transfer.done = done;
	int err = 0;
	if (transfer->write) {
		err = guest_mem_copy_out(buffer->mem, buffer->spans, buffer->count, done,
					 waiting->data, left);
	} else {
		waiting->buffer = malloc(sizeof(*buffer));
		if (waiting->buffer)
			*waiting->buffer = *buffer;
		else
			err = -ENOMEM;
	}
	if (err)
		waiting_transfer_destroy(&waiting->deferred);
	return err ? err : CALL_DEFERRED;
}

/* Guest memory of another process. */
static int64_t transfer_copied(struct hostcall *call, struct transfer *transfer,
			       const struct guest_buffer *buffer)
{
	bool stream = transfer->handle->attributes & HC_HANDLE_STREAM;
	uint64_t done = 0;
	size_t size;

	do {
		size = buffer->total - done < HC_DATA_MAX ? buffer->total - done : HC_DATA_MAX;
		struct iovec piece = {call->out, size};
		if (transfer->write && guest_mem_copy_out(buffer->mem, buffer->spans, buffer->count,
							  done, call->out, size) != 0)
			return done > 0 ? (int64_t)done : -EFAULT;
		transfer->iov = &piece;
		transfer->count = 1;
		transfer->done = 0;
		ssize_t result = transfer_run(transfer);
		if (result == TRANSFER_WAIT)
			return copied_transfer_defer(call, transfer, buffer, done + transfer->done);
		if (result < 0)
			return done > 0 ? (int64_t)done : result;
		if (!transfer->write && result > 0 &&
		    guest_mem_copy_in(buffer->mem, buffer->spans, buffer->count, done, call->out,
				      (size_t)result) != 0)
			return done > 0 ? (int64_t)done : -EFAULT;
		done += (uint64_t)result;
		if ((uint64_t)result < size || (stream && !transfer->write))
			break;
	} while (done < buffer->total);
	return (int64_t)done;
}

static int64_t transfer_referenced(struct file_server *files, struct hostcall *call,
				   struct transfer *transfer)
{
	struct guest_buffer buffer = {.mem = files->mem};

	if (!files->mem || call->payload_size % sizeof(struct hc_seg))
		return -EBADMSG;
	buffer.count = call->payload_size / sizeof(struct hc_seg);
	int64_t total = guest_mem_spans(files->mem, call->payload, buffer.count, buffer.spans);
	if (total < 0)
		return total;
	buffer.total = (uint64_t)total;
	return files->mem->base ? transfer_mapped(call, transfer, &buffer)
				: transfer_copied(call, transfer, &buffer);
}

static int64_t file_transfer(struct file_server *files, struct hostcall *call,
			     struct transfer *transfer)
{
	int64_t result;

	if (transfer->handle->fd < 0)
		return transfer->write ? -EBADF : -EISDIR;
	/* pwritev2() would take -1 for the file's own offset. */
	if (transfer->positioned && transfer->offset < 0)
		return -EINVAL;
	transfer->nowait = call->request.flags & HC_FLAG_NOWAIT;
	transfer->append = call->request.flags & HC_FLAG_APPEND;
	transfer->ordered =
		transfer->write && !transfer->positioned && !transfer->nowait &&
		(transfer->handle->attributes & HC_HANDLE_STREAM) &&
		((call->request.flags & HC_FLAG_LAZY) || handle_has_turns(transfer->handle));
	if (call->request.flags & HC_FLAG_SEGS)
		result = transfer_referenced(files, call, transfer);
	else
		result = transfer_inline(call, transfer);
	if (result != CALL_DEFERRED)
		note_end_offset(transfer, &call->val[0]);
	return result;
}

int64_t file_read(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {.handle = handle};
	return file_transfer(files, call, &transfer);
}

int64_t file_write(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {.handle = handle, .write = true};
	return file_transfer(files, call, &transfer);
}

int64_t file_pread(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {
		.handle = handle, .positioned = true, .offset = (off_t)call->request.arg[1]};
	return file_transfer(files, call, &transfer);
}

int64_t file_pwrite(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {.handle = handle,
				    .write = true,
				    .positioned = true,
				    .offset = (off_t)call->request.arg[1]};
	return file_transfer(files, call, &transfer);
}

#define REPORTS_MAX 16u /* that wait at a time; each has a reference */

/* HC_REPORT: text for the user, even if the application has closed its standard error. */
int64_t file_report(struct file_server *files, struct hostcall *call)
{
	struct transfer transfer = {.handle = files->report, .write = true};
	size_t size;

	if (atomic_load(&files->report->refs) > REPORTS_MAX)
		return -EAGAIN;
	char *text = symbols_annotate(files->image_path, (const char *)call->payload,
				      call->payload_size, &size);
	if (text) {
		call->payload = (const uint8_t *)text;
		call->payload_size = size;
	}
	call->request.flags = 0;
	int64_t result = file_transfer(files, call, &transfer);
	free(text);
	call->val[0] = 0;
	return result > 0 ? 0 : result;
}
