/* SPDX-License-Identifier: BSD-3-Clause */
/* Frame parser and output queue of the host channel; see frame_io.h. */
#include "frame_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int frame_reader_init(struct frame_reader *reader)
{
	*reader = (struct frame_reader){.buffer = malloc(HC_FRAME_MAX)};
	return reader->buffer ? 0 : -ENOMEM;
}

void frame_reader_destroy(struct frame_reader *reader)
{
	free(reader->buffer);
	*reader = (struct frame_reader){0};
}

/* Moves the unread bytes to the front when the space behind them has run out. */
static size_t reader_make_room(struct frame_reader *reader)
{
	if (reader->start == reader->end)
		reader->start = reader->end = 0;
	if (reader->end == HC_FRAME_MAX && reader->start > 0) {
		memmove(reader->buffer, reader->buffer + reader->start,
			reader->end - reader->start);
		reader->end -= reader->start;
		reader->start = 0;
	}
	return HC_FRAME_MAX - reader->end;
}

ssize_t frame_reader_fill(struct frame_reader *reader, int fd)
{
	size_t room = reader_make_room(reader);
	if (room == 0)
		return -ENOBUFS;
	ssize_t got;
	do {
		got = read(fd, reader->buffer + reader->end, room);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	reader->end += (size_t)got;
	return got;
}

size_t frame_reader_feed(struct frame_reader *reader, const void *data, size_t size)
{
	size_t room = reader_make_room(reader);
	if (size > room)
		size = room;
	if (size > 0)
		memcpy(reader->buffer + reader->end, data, size);
	reader->end += size;
	return size;
}

int frame_reader_next(struct frame_reader *reader, struct hc_request *request,
		      const uint8_t **payload, size_t *payload_size)
{
	size_t have = reader->end - reader->start;
	const uint8_t *frame = reader->buffer + reader->start;
	uint32_t length;

	if (have < sizeof(length))
		return 0;
	memcpy(&length, frame, sizeof(length));
	if (length < sizeof(*request) || length > HC_FRAME_MAX)
		return -EBADMSG;
	if (have < length)
		return 0;
	memcpy(request, frame, sizeof(*request));
	*payload = frame + sizeof(*request);
	*payload_size = length - sizeof(*request);
	reader->start += length;
	return 1;
}

void frame_writer_init(struct frame_writer *writer)
{
	*writer = (struct frame_writer){0};
}

void frame_writer_destroy(struct frame_writer *writer)
{
	free(writer->buffer);
	*writer = (struct frame_writer){0};
}

size_t frame_writer_queued(const struct frame_writer *writer)
{
	return writer->end - writer->start;
}

/* sendmsg() on a socket does not raise SIGPIPE; any other descriptor takes writev(). */
ssize_t frame_send_fd(int fd, const struct iovec *pieces, int count)
{
	struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
				 .msg_iovlen = (size_t)count};
	ssize_t sent;
	do {
		sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == ENOTSOCK)
			sent = writev(fd, pieces, count);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

int frame_writer_flush(struct frame_writer *writer, const struct frame_sink *sink)
{
	while (writer->start < writer->end) {
		struct iovec piece = {writer->buffer + writer->start, writer->end - writer->start};
		ssize_t sent = sink->send(sink->context, &piece, 1);
		if (sent == -EAGAIN)
			return 0;
		if (sent < 0)
			return (int)sent;
		writer->start += (size_t)sent;
	}
	writer->start = writer->end = 0;
	return 0;
}

static int writer_reserve(struct frame_writer *writer, size_t size)
{
	if (writer->start > 0) {
		memmove(writer->buffer, writer->buffer + writer->start,
			writer->end - writer->start);
		writer->end -= writer->start;
		writer->start = 0;
	}
	if (writer->capacity - writer->end >= size)
		return 0;
	size_t capacity = writer->capacity ? writer->capacity : 4096;
	while (capacity - writer->end < size)
		capacity *= 2;
	uint8_t *buffer = realloc(writer->buffer, capacity);
	if (!buffer)
		return -ENOMEM;
	writer->buffer = buffer;
	writer->capacity = capacity;
	return 0;
}

int frame_writer_keep(struct frame_writer *writer, const void *data, size_t size)
{
	int err = size ? writer_reserve(writer, size) : 0;

	if (err || !size)
		return err;
	memcpy(writer->buffer + writer->end, data, size);
	writer->end += size;
	return 0;
}

int frame_writer_put(struct frame_writer *writer, const struct frame_sink *sink,
		     const struct iovec *pieces, int count)
{
	size_t sent = 0;
	if (frame_writer_queued(writer) == 0) {
		ssize_t n = sink->send(sink->context, pieces, count);
		if (n < 0 && n != -EAGAIN)
			return (int)n;
		sent = n > 0 ? (size_t)n : 0;
	}
	for (int i = 0; i < count; i++) {
		size_t skip = sent < pieces[i].iov_len ? sent : pieces[i].iov_len;
		size_t rest = pieces[i].iov_len - skip;
		sent -= skip;
		if (rest == 0)
			continue;
		int err =
			frame_writer_keep(writer, (const uint8_t *)pieces[i].iov_base + skip, rest);
		if (err)
			return err;
	}
	return 0;
}
