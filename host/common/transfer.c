/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading and writing handles piece by piece; see transfer.h. */
#include "transfer.h"

#include <abi/hostcall.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Drops the first BYTES bytes of what is left. */
static void transfer_advance(struct transfer *transfer, size_t bytes)
{
	transfer->done += bytes;
	while (transfer->count > 0 && bytes >= transfer->iov->iov_len) {
		bytes -= transfer->iov->iov_len;
		transfer->iov++;
		transfer->count--;
	}
	if (transfer->count > 0) {
		transfer->iov->iov_base = (char *)transfer->iov->iov_base + bytes;
		transfer->iov->iov_len -= bytes;
	}
}

static ssize_t socket_step(struct transfer *transfer)
{
	struct msghdr message = {.msg_iov = transfer->iov, .msg_iovlen = transfer->count};
	if (transfer->write)
		return sendmsg(transfer->handle->io_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	return recvmsg(transfer->handle->io_fd, &message, MSG_DONTWAIT);
}

/*
 * A stream without non-blocking twin is ready, but for how much? A pipe that polls writable takes
 * PIPE_BUF bytes without blocking. There may be no piece at all.
 */
static ssize_t small_write_step(struct transfer *transfer)
{
	if (transfer->count == 0)
		return 0;
	size_t size = transfer->iov->iov_len < PIPE_BUF ? transfer->iov->iov_len : PIPE_BUF;
	return write(transfer->handle->io_fd, transfer->iov->iov_base, size);
}

/* The first BYTES bytes of the pieces have been read into. */
static void note_written(const struct transfer *transfer, size_t bytes)
{
	for (size_t i = 0; i < transfer->count && bytes > 0; i++) {
		size_t len = transfer->iov[i].iov_len < bytes ? transfer->iov[i].iov_len : bytes;
		guest_mem_dirtied(transfer->mem, transfer->iov[i].iov_base, len);
		bytes -= len;
	}
}

/* One system call. Bytes, or -errno. */
static ssize_t transfer_step(struct transfer *transfer)
{
	struct handle *handle = transfer->handle;
	ssize_t bytes;
	do {
		int count = (int)transfer->count;
		if (handle->is_socket)
			bytes = socket_step(transfer);
		else if (transfer->write && handle->may_block)
			bytes = small_write_step(transfer);
		else if (transfer->write)
			bytes = pwritev2(handle->io_fd, transfer->iov, count,
					 transfer->positioned ? transfer->offset : -1,
					 transfer->append ? RWF_APPEND : 0);
		else
			bytes = transfer->positioned ? preadv(handle->io_fd, transfer->iov, count,
							      transfer->offset)
						     : readv(handle->io_fd, transfer->iov, count);
	} while (bytes < 0 && errno == EINTR);
	if (bytes > 0 && !transfer->write && transfer->mem)
		note_written(transfer, (size_t)bytes);
	return bytes < 0 ? -errno : bytes;
}

/*
 * Polling before reading does two things: a FIFO that no writer has opened yet would read as ended,
 * and a stream without a non-blocking twin would block.
 */
static bool stream_ready(const struct transfer *transfer)
{
	struct pollfd ready = {.fd = transfer->handle->io_fd, .events = transfer->wait_events};
	if (!transfer->handle->may_block && (transfer->write || transfer->nowait))
		return true;
	return poll(&ready, 1, 0) != 0;
}

static ssize_t transfer_stream(struct transfer *transfer)
{
	transfer->wait_events = transfer->write ? POLLOUT : POLLIN;
	do {
		ssize_t bytes = stream_ready(transfer) ? transfer_step(transfer) : -EAGAIN;
		if (bytes == -EAGAIN && !transfer->nowait)
			return TRANSFER_WAIT;
		if (bytes < 0)
			return transfer->done > 0 ? (ssize_t)transfer->done : bytes;
		transfer_advance(transfer, (size_t)bytes);
	} while (transfer->write && transfer->count > 0);
	return (ssize_t)transfer->done;
}

ssize_t transfer_run(struct transfer *transfer)
{
	if ((transfer->handle->attributes & HC_HANDLE_STREAM) && !transfer->positioned)
		return transfer_stream(transfer);
	while (transfer->count > 0) {
		ssize_t bytes = transfer_step(transfer);
		if (bytes < 0)
			return transfer->done > 0 ? (ssize_t)transfer->done : bytes;
		if (bytes == 0)
			break;
		transfer_advance(transfer, (size_t)bytes);
		transfer->offset += bytes;
		if (!transfer->write)
			break;
	}
	return (ssize_t)transfer->done;
}

ssize_t transfer_cancelled(const struct transfer *transfer)
{
	return transfer->done > 0 ? (ssize_t)transfer->done : -EINTR;
}
