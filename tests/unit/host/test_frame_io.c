/* SPDX-License-Identifier: BSD-3-Clause */
/* The frame parser with streams cut at every place, and the output queue. */
#include "check.h"

#include <common/frame_io.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void make_frame(uint8_t *out, uint32_t tag, const char *payload)
{
	struct hc_request request = {.length = (uint32_t)(sizeof(request) + strlen(payload)),
				     .op = HC_WRITE,
				     .tag = tag};
	memcpy(out, &request, sizeof(request));
	memcpy(out + sizeof(request), payload, strlen(payload));
}

static void test_pieces(void)
{
	uint8_t stream[2 * sizeof(struct hc_request) + 8];
	struct hc_request request;
	const uint8_t *payload;
	size_t size;

	make_frame(stream, 1, "payload");
	make_frame(stream + sizeof(request) + 7, 2, "x");
	for (size_t cut = 1; cut <= sizeof(stream); cut++) {
		struct frame_reader reader;
		uint32_t tags = 0;
		CHECK_EQ(frame_reader_init(&reader), 0);
		for (size_t at = 0; at < sizeof(stream);) {
			size_t part = sizeof(stream) - at < cut ? sizeof(stream) - at : cut;
			CHECK_EQ(frame_reader_feed(&reader, stream + at, part), part);
			at += part;
			while (frame_reader_next(&reader, &request, &payload, &size) == 1) {
				tags++;
				CHECK_EQ(request.tag, tags);
				CHECK_EQ(size, tags == 1 ? 7 : 1);
			}
		}
		CHECK_EQ(tags, 2);
		CHECK_EQ(frame_reader_next(&reader, &request, &payload, &size), 0);
		frame_reader_destroy(&reader);
	}
}

static void test_wrong_lengths(void)
{
	static const uint32_t wrong[] = {0, 1, sizeof(struct hc_request) - 1, HC_FRAME_MAX + 1,
					 UINT32_MAX};
	struct hc_request request;
	const uint8_t *payload;
	size_t size;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct frame_reader reader;
		CHECK_EQ(frame_reader_init(&reader), 0);
		CHECK_EQ(frame_reader_feed(&reader, &wrong[i], 4), 4);
		CHECK_EQ(frame_reader_next(&reader, &request, &payload, &size), -EBADMSG);
		frame_reader_destroy(&reader);
	}
}

static void test_largest(void)
{
	uint8_t *frame = calloc(1, HC_FRAME_MAX);
	struct hc_request request = {.length = HC_FRAME_MAX, .tag = 3};
	struct frame_reader reader;
	const uint8_t *payload;
	size_t size;

	memcpy(frame, &request, sizeof(request));
	frame[HC_FRAME_MAX - 1] = 77;
	CHECK_EQ(frame_reader_init(&reader), 0);
	/* Behind a small frame, so that it has to be moved to fit. */
	uint8_t small[sizeof(request) + 1];
	make_frame(small, 1, "s");
	CHECK_EQ(frame_reader_feed(&reader, small, sizeof(small)), sizeof(small));
	size_t first = frame_reader_feed(&reader, frame, HC_FRAME_MAX);
	CHECK(first < HC_FRAME_MAX);
	CHECK_EQ(frame_reader_next(&reader, &request, &payload, &size), 1);
	CHECK_EQ(frame_reader_next(&reader, &request, &payload, &size), 0);
	CHECK_EQ(frame_reader_feed(&reader, frame + first, HC_FRAME_MAX - first),
		 HC_FRAME_MAX - first);
	CHECK_EQ(frame_reader_next(&reader, &request, &payload, &size), 1);
	CHECK_EQ(request.tag, 3);
	CHECK_EQ(payload[size - 1], 77);
	frame_reader_destroy(&reader);
	free(frame);
}

static ssize_t send_to_pair(void *context, const struct iovec *pieces, int count)
{
	const int *pair = context;
	return frame_send_fd(pair[0], pieces, count);
}

static void test_queue(void)
{
	enum { SIZE = 1 << 20 };
	static uint8_t data[SIZE], got[SIZE];
	struct frame_writer writer;
	size_t have = 0;
	int pair[2];

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i ^ i >> 8);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	const struct frame_sink sink = {send_to_pair, pair};
	frame_writer_init(&writer);
	for (size_t at = 0; at < SIZE; at += SIZE / 8) {
		struct iovec pieces[2] = {{data + at, 1000}, {data + at + 1000, SIZE / 8 - 1000}};
		CHECK_EQ(frame_writer_put(&writer, &sink, pieces, 2), 0);
	}
	CHECK(frame_writer_queued(&writer) > 0);
	while (have < SIZE) {
		ssize_t n = read(pair[1], got + have, SIZE - have);
		if (n > 0)
			have += (size_t)n;
		CHECK_EQ(frame_writer_flush(&writer, &sink), 0);
	}
	CHECK_EQ(frame_writer_queued(&writer), 0);
	CHECK_EQ(memcmp(data, got, SIZE), 0);
	close(pair[1]);
	struct iovec piece = {data, 10};
	CHECK_EQ(frame_writer_put(&writer, &sink, &piece, 1), -EPIPE);
	close(pair[0]);
	frame_writer_destroy(&writer);
}

int main(void)
{
	test_pieces();
	test_wrong_lengths();
	test_largest();
	test_queue();
	return 0;
}
