/* SPDX-License-Identifier: BSD-3-Clause */
/* READ, WRITE, PREAD, PWRITE, POLL, REPORT: the calls that move data or wait for it. */
#include "file_calls.h"
#include "transfer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A transfer that waits, with the memory it needs meanwhile. */
struct waiting_transfer {
	struct deferred deferred;
	struct transfer transfer;
	uint8_t *data; /* copy of inline data, or buffer for it */
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
	note_end_offset(&waiting->transfer, &waiting->deferred.val[0]);
	if (!waiting->transfer.write && waiting->data && result > 0) {
		waiting->deferred.out = waiting->data;
		waiting->deferred.out_size = (size_t)result;
	}
	return result;
}

static int64_t waiting_transfer_resume(struct deferred *deferred, short revents)
{
	struct waiting_transfer *waiting = (struct waiting_transfer *)deferred;
	(void)revents;
	ssize_t result = transfer_run(&waiting->transfer);
	return result == TRANSFER_WAIT ? CALL_DEFERRED : waiting_transfer_end(waiting, result);
}

static int64_t waiting_transfer_cancel(struct deferred *deferred)
{
	struct waiting_transfer *waiting = (struct waiting_transfer *)deferred;
	return waiting_transfer_end(waiting, transfer_cancelled(&waiting->transfer));
}

static void waiting_transfer_destroy(struct deferred *deferred)
{
	struct waiting_transfer *waiting = (struct waiting_transfer *)deferred;
	handle_put(waiting->transfer.handle);
	free(waiting->data);
	free(waiting);
}

/* Total of the pieces that are left. */
static size_t transfer_left(const struct transfer *transfer)
{
	size_t left = 0;
	for (size_t i = 0; i < transfer->count; i++)
		left += transfer->iov[i].iov_len;
	return left;
}

/* Puts the rest of TRANSFER aside. INLINE_DATA: its one piece lies in a buffer that will not last.
 */
static int64_t transfer_defer(struct hostcall *call, const struct transfer *transfer,
			      bool inline_data)
{
	size_t iov_bytes = transfer->count * sizeof(struct iovec);
	struct waiting_transfer *waiting = calloc(1, sizeof(*waiting) + iov_bytes);
	size_t left = transfer_left(transfer);

	if (!waiting)
		return -ENOMEM;
	waiting->transfer = *transfer;
	waiting->transfer.iov = waiting->iov;
	memcpy(waiting->iov, transfer->iov, iov_bytes);
	if (inline_data) {
		waiting->data = malloc(left ? left : 1);
		if (!waiting->data) {
			free(waiting);
			return -ENOMEM;
		}
		if (transfer->write)
			memcpy(waiting->data, transfer->iov->iov_base, left);
		waiting->iov[0] = (struct iovec){waiting->data, left};
	}
	atomic_fetch_add_explicit(&transfer->handle->refs, 1, memory_order_relaxed);
	waiting->deferred.fd = transfer->handle->io_fd;
	waiting->deferred.events = transfer->wait_events;
	waiting->deferred.resume = waiting_transfer_resume;
	waiting->deferred.cancel = waiting_transfer_cancel;
	waiting->deferred.destroy = waiting_transfer_destroy;
	call->deferred = &waiting->deferred;
	return CALL_DEFERRED;
}

/*
 * The memory a call moves data from or to, as pieces: guest memory named by segments, or the
 * frame's payload (write), or the reply buffer (read). Number of pieces or -errno.
 */
static int64_t call_pieces(const struct file_server *files, struct hostcall *call, bool write,
			   struct iovec *iov)
{
	if (call->request.flags & HC_FLAG_SEGS) {
		if (!files->mem || call->payload_size % sizeof(struct hc_seg))
			return -EBADMSG;
		size_t count = call->payload_size / sizeof(struct hc_seg);
		int64_t total = guest_mem_iov(files->mem, call->payload, count, iov);
		return total < 0 ? total : (int64_t)count;
	}
	if (write) {
		iov[0].iov_base = (void *)(uintptr_t)call->payload;
		iov[0].iov_len = call->payload_size;
		return 1;
	}
	if (call->payload_size != 0)
		return -EBADMSG;
	uint64_t wanted = call->request.arg[0];
	iov[0].iov_base = call->out;
	iov[0].iov_len = wanted < HC_DATA_MAX ? (size_t)wanted : HC_DATA_MAX;
	return 1;
}

static int64_t file_transfer(struct file_server *files, struct hostcall *call,
			     struct handle *handle, struct transfer *transfer)
{
	struct iovec iov[HC_SEGS_MAX];
	bool segments = call->request.flags & HC_FLAG_SEGS;

	if (handle->fd < 0)
		return transfer->write ? -EBADF : -EISDIR;
	int64_t count = call_pieces(files, call, transfer->write, iov);
	if (count < 0)
		return count;
	transfer->handle = handle;
	transfer->iov = iov;
	transfer->count = (size_t)count;
	transfer->nowait = call->request.flags & HC_FLAG_NOWAIT;
	ssize_t result = transfer_run(transfer);
	if (result == TRANSFER_WAIT)
		return transfer_defer(call, transfer, !segments);
	note_end_offset(transfer, &call->val[0]);
	if (!transfer->write && !segments && result > 0)
		call->out_size = (size_t)result;
	return result;
}

int64_t file_read(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {.write = false};
	return file_transfer(files, call, handle, &transfer);
}

int64_t file_write(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {.write = true};
	return file_transfer(files, call, handle, &transfer);
}

int64_t file_pread(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {.positioned = true, .offset = (off_t)call->request.arg[1]};
	return file_transfer(files, call, handle, &transfer);
}

int64_t file_pwrite(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct transfer transfer = {
		.write = true, .positioned = true, .offset = (off_t)call->request.arg[1]};
	return file_transfer(files, call, handle, &transfer);
}

/* HC_REPORT: text for the user, even if the application has closed its standard error. */
int64_t file_report(struct file_server *files, struct hostcall *call)
{
	struct transfer transfer = {.write = true};
	call->request.flags = 0;
	int64_t result = file_transfer(files, call, files->report, &transfer);
	call->val[0] = 0;
	return result > 0 ? 0 : result;
}

/* A poll that waits. */
struct waiting_poll {
	struct deferred deferred;
	struct handle *handle;
};

static int64_t waiting_poll_resume(struct deferred *deferred, short revents)
{
	(void)deferred;
	return revents ? revents : CALL_DEFERRED;
}

static int64_t waiting_poll_cancel(struct deferred *deferred)
{
	(void)deferred;
	return -EINTR;
}

static void waiting_poll_destroy(struct deferred *deferred)
{
	struct waiting_poll *waiting = (struct waiting_poll *)deferred;
	handle_put(waiting->handle);
	free(waiting);
}

#define POLL_EVENTS (POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLRDHUP)

int64_t file_poll(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	short events = (short)(call->request.arg[0] & POLL_EVENTS);
	struct pollfd ready = {.fd = handle->io_fd, .events = events};
	(void)files;

	/* Files and directories are always ready. */
	if (!(handle->attributes & HC_HANDLE_STREAM))
		return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
	if (poll(&ready, 1, 0) < 0)
		return -errno;
	if (ready.revents || call->request.arg[1])
		return ready.revents;
	struct waiting_poll *waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return -ENOMEM;
	atomic_fetch_add_explicit(&handle->refs, 1, memory_order_relaxed);
	waiting->handle = handle;
	waiting->deferred.fd = handle->io_fd;
	waiting->deferred.events = events;
	waiting->deferred.resume = waiting_poll_resume;
	waiting->deferred.cancel = waiting_poll_cancel;
	waiting->deferred.destroy = waiting_poll_destroy;
	call->deferred = &waiting->deferred;
	return CALL_DEFERRED;
}
