/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host that answers anything: fuzz input becomes the byte stream that the kernel's side of the
 * host channel receives, in pieces of any size, while some requests wait for their replies. Two
 * forms, chosen as the input goes: raw bytes, and heads of frames for a request that waits, so that
 * the fuzzer gets past the tags. Buffers have the size that the requests say. Each request has to
 * end exactly once.
 */
#include "../../unit/common/unit.h"
#include <fuzz_input.h>

#include <stdlib.h>
#include <string.h>

/* With its state, which each input finds new. */
#include "../../../kernel/drivers/host_channel.c"

#define REQUESTS 4u

struct request {
	struct host_pending pending;
	unsigned ended;
};

static struct request requests[REQUESTS];

void wait_queue_init(struct wait_queue *queue)
{
	(void)queue;
}

void wait_prepare(struct wait_queue *queue, struct waiter *waiter, unsigned flags)
{
	(void)queue;
	(void)waiter;
	(void)flags;
}

/* Nobody waits here: requests have a callback. */
int wait_block(uint64_t deadline_ns)
{
	(void)deadline_ns;
	abort();
}

void wait_finish(struct waiter *waiter)
{
	(void)waiter;
}

unsigned wait_queue_wake(struct wait_queue *queue, unsigned count)
{
	(void)queue;
	(void)count;
	return 0;
}

static int send_nothing(const struct host_buffer *pieces, unsigned count)
{
	CHECK(count == 1 && pieces[0].size == sizeof(struct hc_request));
	return 0;
}

const struct channel_transport *channel_virtio_init(const char *cmdline)
{
	static const struct channel_transport nothing = {.send = send_nothing};

	(void)cmdline;
	return &nothing;
}

const struct channel_transport *channel_ring_init(const struct boot_info *boot)
{
	(void)boot;
	return NULL;
}

int host_hello_init(const char *cmdline)
{
	(void)cmdline;
	return 0;
}

const struct host_hello *host_hello(void)
{
	return NULL;
}

void host_event_signal(int signo)
{
	CHECK(signo > 0 && signo <= 64);
}

static void ended(struct host_pending *pending)
{
	container_of(pending, struct request, pending)->ended++;
}

static void start(void) NO_THREAD_SAFETY
{
	static const struct boot_info boot = {.channel = BOOT_CHANNEL_NONE};

	memset(&channel, 0, sizeof(channel));
	CHECK(host_channel_init(&boot, "") == 0);
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct hc_request request = {.op = HC_READ};
		size_t capacity = byte();

		requests[i] =
			(struct request){.pending = {.completed = ended, .in_capacity = capacity}};
		requests[i].pending.in = malloc(capacity ? capacity : 1);
		CHECK(requests[i].pending.in != NULL);
		CHECK(host_pending_send(&requests[i].pending, &request, NULL, 0) == 0);
	}
}

/* Pieces have memory of their own, so that nothing behind one is read. */
static void receive(const void *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	CHECK(copy != NULL);
	memcpy(copy, bytes, size);
	channel_receive(copy, size);
	free(copy);
}

static void send_head(unsigned choice)
{
	struct hc_reply reply = {.length = (uint32_t)sizeof(reply) + byte() + (choice & 8) * 32u,
				 .op = HC_READ,
				 .tag = requests[choice % REQUESTS].pending.tag,
				 .result = (int8_t)byte()};

	if (choice & 4) {
		reply.tag = HC_TAG_EVENT;
		reply.op = HC_EVENT_SIGNAL;
		reply.val[0] = byte();
		if (reply.val[0] == 0)
			reply.val[0] = UINT64_MAX;
	}
	receive(&reply, sizeof(reply));
}

static void send_bytes(size_t size)
{
	if (size > input_size)
		size = input_size;
	receive(input, size);
	input += size;
	input_size -= size;
}

/* A frame of an impossible length at the latest ends all requests. */
static void finish(void) NO_THREAD_SAFETY
{
	static const uint8_t zeros[64];

	while (!channel.dead)
		receive(zeros, sizeof(zeros));
	for (unsigned i = 0; i < REQUESTS; i++) {
		CHECK(requests[i].ended == 1);
		free(requests[i].pending.in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	input_size = size;
	start();
	while (input_size) {
		unsigned choice = byte();

		if (choice & 0x80)
			send_head(choice);
		else
			send_bytes(choice);
	}
	finish();
	return 0;
}
