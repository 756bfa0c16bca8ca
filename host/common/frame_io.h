/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of the host channel over a byte stream: cuts what arrives into requests, queues what the
 * stream does not take at once. Both never block when the descriptor is non-blocking.
 * No locks: one thread owns a reader, one a writer.
 */
#ifndef HOST_FRAME_IO_H
#define HOST_FRAME_IO_H

#include <abi/hostcall.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct frame_reader {
	uint8_t *buffer; /* HC_FRAME_MAX bytes */
	size_t start, end;
};

/* 0 or -ENOMEM. */
int frame_reader_init(struct frame_reader *reader);
void frame_reader_destroy(struct frame_reader *reader);

/* Reads once from FD. Bytes read, 0 at the end of the stream, -EAGAIN or another -errno. */
ssize_t frame_reader_fill(struct frame_reader *reader, int fd);

/* The same from memory; bytes taken (may be fewer than SIZE). */
size_t frame_reader_feed(struct frame_reader *reader, const void *data, size_t size);

/*
 * Takes the next whole frame: 1 and the header in *REQUEST, its payload at *PAYLOAD (valid until
 * the next fill or feed; unaligned); 0 when more bytes are needed; -EBADMSG when the stream is no
 * stream of frames: nothing that follows can be trusted.
 */
int frame_reader_next(struct frame_reader *reader, struct hc_request *request,
		      const uint8_t **payload, size_t *payload_size);

struct frame_writer {
	uint8_t *buffer;
	size_t start, end, capacity;
};

void frame_writer_init(struct frame_writer *writer);
void frame_writer_destroy(struct frame_writer *writer);

/* Where a writer's bytes go: SEND takes as much as there is room for; bytes, -EAGAIN or another
 * -errno. */
struct frame_sink {
	ssize_t (*send)(void *context, const struct iovec *pieces, int count);
	void *context;
};

/* Sends the pieces behind all that waits; keeps what SINK does not take. 0 or -errno. */
int frame_writer_put(struct frame_writer *writer, const struct frame_sink *sink,
		     const struct iovec *pieces, int count);

/* Adds SIZE bytes to what waits. 0 or -ENOMEM. */
int frame_writer_keep(struct frame_writer *writer, const void *data, size_t size);

/* Sends what waits, as far as SINK takes it. 0 or -errno. */
int frame_writer_flush(struct frame_writer *writer, const struct frame_sink *sink);

/* Sends to a descriptor, as the function of a sink does; never raises SIGPIPE on a socket. */
ssize_t frame_send_fd(int fd, const struct iovec *pieces, int count);

/* Bytes that wait. */
size_t frame_writer_queued(const struct frame_writer *writer);

#endif /* HOST_FRAME_IO_H */
