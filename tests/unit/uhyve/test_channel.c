/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shared rings as the host sees them: order and completeness of the bytes with a guest in a
 * thread of its own, notifications, and indices that lie.
 */
#include "uhyve/channel.h"

#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RING   HC_SHM_RING_MIN
#define STREAM (3u << 20)

struct fixture {
	struct channel channel;
	struct hc_shm *shm;
	struct frame_reader reader;
};

static void fixture_init(struct fixture *f)
{
	size_t size = channel_memory_size(RING);

	f->shm = aligned_alloc(4096, size);
	memset(f->shm, 0, size);
	channel_init(&f->channel, f->shm, RING, 0x600);
	CHECK_EQ(frame_reader_init(&f->reader), 0);
}

static void fixture_free(struct fixture *f)
{
	frame_reader_destroy(&f->reader);
	free(f->shm);
}

static uint32_t guest_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void guest_store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static uint8_t *ring_bytes(struct hc_shm *shm, uint32_t offset)
{
	return (uint8_t *)shm + offset;
}

/* Byte number I of a stream. */
static uint8_t pattern(uint32_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

static void test_layout(void)
{
	struct fixture f;

	fixture_init(&f);
	CHECK_EQ(f.shm->magic, HC_SHM_MAGIC);
	CHECK_EQ(f.shm->to_host_size, RING);
	CHECK(f.shm->to_host_offset >= sizeof(struct hc_shm));
	CHECK_EQ(f.shm->to_guest_offset, f.shm->to_host_offset + RING);
	CHECK_EQ(channel_receive(&f.channel, &f.reader), -EAGAIN);
	fixture_free(&f);
}

/* An index that is ahead of what the ring holds, or behind the host's own. */
static void test_impossible_indices(void)
{
	const uint32_t wrong[] = {RING + 1, 0x80000000u, UINT32_MAX};
	char text[] = "x";
	struct iovec piece = {text, 1};
	struct fixture f;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fixture_init(&f);
		guest_store(&f.shm->to_host_tail, wrong[i]);
		CHECK_EQ(channel_receive(&f.channel, &f.reader), -EPROTO);
		guest_store(&f.shm->to_guest_head, 0u - wrong[i]);
		CHECK_EQ(channel_send(&f.channel, &piece, 1), -EPROTO);
		fixture_free(&f);
	}
}

/* What the guest writes over the fixed part and the host's indices changes nothing. */
static void test_overwritten_header(void)
{
	char text[] = "hello";
	struct iovec piece = {text, 5};
	struct fixture f;

	fixture_init(&f);
	memset(f.shm, 0xff, 64);
	memset((uint8_t *)f.shm + 128, 0xff, 64);
	CHECK_EQ(channel_receive(&f.channel, &f.reader), -EAGAIN);
	guest_store(&f.shm->to_host_tail, RING);
	CHECK_EQ(channel_receive(&f.channel, &f.reader), RING);
	CHECK_EQ(channel_send(&f.channel, &piece, 1), 5);
	CHECK_EQ(guest_load(&f.shm->to_guest_tail), 5);
	fixture_free(&f);
}

static void test_notifications(void)
{
	uint8_t bytes[RING] = {0};
	struct iovec piece = {bytes, RING - 10}, more = {bytes, 20};
	struct fixture f;

	fixture_init(&f);
	CHECK(channel_set_state(&f.channel, HC_HOST_SLEEPS));
	guest_store(&f.shm->to_host_tail, 1);
	CHECK(!channel_set_state(&f.channel, HC_HOST_LOOKS));
	CHECK_EQ(guest_load(&f.shm->host_state), HC_HOST_LOOKS);
	CHECK_EQ(channel_receive(&f.channel, &f.reader), 1);
	CHECK_EQ(guest_load(&f.shm->to_host_head), 1);
	CHECK(channel_set_state(&f.channel, HC_HOST_SLEEPS));

	CHECK_EQ(channel_send(&f.channel, &piece, 1), RING - 10);
	CHECK_EQ(guest_load(&f.shm->host_waits), 0);
	CHECK_EQ(channel_send(&f.channel, &more, 1), 10);
	CHECK_EQ(guest_load(&f.shm->host_waits), 1);
	CHECK_EQ(channel_send(&f.channel, &more, 1), -EAGAIN);
	CHECK(channel_set_state(&f.channel, HC_HOST_SLEEPS));
	guest_store(&f.shm->to_guest_head, RING);
	CHECK(!channel_set_state(&f.channel, HC_HOST_SLEEPS)); /* or its news would be lost */
	CHECK_EQ(channel_send(&f.channel, &more, 1), 20);
	CHECK_EQ(guest_load(&f.shm->host_waits), 0);

	CHECK(!channel_guest_waits(&f.channel));
	guest_store(&f.shm->guest_waits, 1);
	CHECK(channel_guest_waits(&f.channel));
	fixture_free(&f);
}

/* The guest's side: sends a stream in pieces of all sizes, and takes one and checks it. */
static void *guest_thread(void *argument)
{
	struct hc_shm *shm = argument;
	uint8_t *to_host = ring_bytes(shm, RING), *to_guest = ring_bytes(shm, 2 * RING);
	uint32_t sent = 0, taken = 0, step = 1;

	while (sent < STREAM || taken < STREAM) {
		uint32_t room = RING - (sent - guest_load(&shm->to_host_head));
		uint32_t size = step++ % (RING / 2);
		for (; size && room && sent < STREAM; size--, room--, sent++)
			to_host[sent % RING] = pattern(sent);
		guest_store(&shm->to_host_tail, sent);
		uint32_t end = guest_load(&shm->to_guest_tail);
		for (; taken != end; taken++)
			CHECK_EQ(to_guest[taken % RING], pattern(taken));
		guest_store(&shm->to_guest_head, taken);
	}
	return NULL;
}

static void test_streams(void)
{
	static uint8_t chunk[RING];
	uint32_t sent = 0, taken = 0;
	pthread_t thread;
	struct fixture f;

	fixture_init(&f);
	CHECK_EQ(pthread_create(&thread, NULL, guest_thread, f.shm), 0);
	while (sent < STREAM || taken < STREAM) {
		if (channel_receive(&f.channel, &f.reader) > 0) {
			for (size_t i = f.reader.start; i < f.reader.end; i++)
				CHECK_EQ(f.reader.buffer[i], pattern(taken++));
			f.reader.start = f.reader.end;
		}
		uint32_t size = sent * 13 % RING + 1, first = size / 3;
		if (size > STREAM - sent)
			size = first = STREAM - sent;
		for (uint32_t i = 0; i < size; i++)
			chunk[i] = pattern(sent + i);
		struct iovec pieces[2] = {{chunk, first}, {chunk + first, size - first}};
		ssize_t done = size ? channel_send(&f.channel, pieces, 2) : 0;
		CHECK(done >= 0 || done == -EAGAIN);
		sent += done > 0 ? (uint32_t)done : 0;
	}
	pthread_join(thread, NULL);
	CHECK_EQ(channel_receive(&f.channel, &f.reader), -EAGAIN);
	fixture_free(&f);
}

int main(void)
{
	test_layout();
	test_impossible_indices();
	test_overwritten_header();
	test_notifications();
	test_streams();
	return 0;
}
