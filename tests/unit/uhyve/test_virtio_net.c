/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network card: registers by the rules and against them, frames in both directions between the
 * queues and a packet socket, want of buffers, hostile queues, holding, saving and restoring.
 */
#include "uhyve/virtio_net.h"

#include "virtio_guest.h"

#include "check.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIZE	 16u
#define RX_QUEUE 0x10000u
#define TX_QUEUE 0x20000u
#define BUFFERS	 0x40000u
#define BUFFER	 0x1000u
#define VERSION	 (1ull << VIRTIO_F_VERSION_1)
#define MERGE	 (1ull << VIRTIO_NET_F_MRG_RXBUF)
#define EVENTS	 (1ull << VIRTIO_RING_F_EVENT_IDX)
#define STATUS_FEATURES                                                                            \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define STATUS_READY (STATUS_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK)

struct fixture {
	struct guest_mem mem;
	struct guest_queue rx, tx;
	struct virtio_net *net;
	int peer;
};

/* What uhyve's other files would give. */
int uhyve_fail(struct uhyve_error *error, int code, const char *format, ...)
{
	(void)error, (void)format;
	return code;
}

static atomic_bool scribbled;

static void stopped(void *context, const char *text)
{
	(void)context, (void)text;
	CHECK(false);
}

static uint32_t read32(struct fixture *f, uint64_t offset)
{
	uint32_t value = 0;
	const struct device_access access = {offset, false, 4, 1, (uint8_t *)&value};

	virtio_mmio_access(&f->net->mmio, &access);
	return value;
}

static void write32(struct fixture *f, uint64_t offset, uint32_t value)
{
	const struct device_access access = {offset, true, 4, 1, (uint8_t *)&value};

	virtio_mmio_access(&f->net->mmio, &access);
}

static void write64(struct fixture *f, uint64_t offset, uint64_t value)
{
	write32(f, offset, (uint32_t)value);
	write32(f, offset + 4, (uint32_t)(value >> 32));
}

static void fixture_init(struct fixture *f)
{
	struct virtio_net_options options = {
		.vhost_fd = -1, .capture_fd = -1, .mac = {2, 3, 4, 5, 6, 7}, .stopped = stopped};
	struct uhyve_error error;
	int pair[2], code;

	guest_memory_create(&f->mem);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->peer = pair[0];
	options.fd = pair[1];
	f->net = virtio_net_create(&options, &f->mem, &code, &error);
	CHECK(f->net);
	guest_queue_init(&f->rx, &f->mem, RX_QUEUE, SIZE);
	guest_queue_init(&f->tx, &f->mem, TX_QUEUE, SIZE);
}

static void fixture_free(struct fixture *f)
{
	virtio_net_stop(f->net);
	close(f->net->config.fd);
	close(f->peer);
	virtio_net_destroy(f->net);
	free(f->mem.base);
}

static void set_queue(struct fixture *f, unsigned index, const struct virtqueue_layout *layout)
{
	write32(f, VIRTIO_MMIO_QUEUE_SEL, index);
	write32(f, VIRTIO_MMIO_QUEUE_NUM, layout->size);
	write64(f, VIRTIO_MMIO_QUEUE_DESC_LOW, layout->desc);
	write64(f, VIRTIO_MMIO_QUEUE_AVAIL_LOW, layout->avail);
	write64(f, VIRTIO_MMIO_QUEUE_USED_LOW, layout->used);
	write32(f, VIRTIO_MMIO_QUEUE_READY, 1);
}

static void set_features(struct fixture *f, uint64_t features)
{
	write32(f, VIRTIO_MMIO_STATUS, 0);
	write32(f, VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER);
	for (unsigned half = 0; half < 2; half++) {
		write32(f, VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
		write32(f, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
	}
	write32(f, VIRTIO_MMIO_STATUS, STATUS_FEATURES);
}

static void drive(struct fixture *f, uint64_t features)
{
	set_features(f, features | VERSION);
	CHECK_EQ(read32(f, VIRTIO_MMIO_STATUS), STATUS_FEATURES);
	set_queue(f, 0, &f->rx.layout);
	set_queue(f, 1, &f->tx.layout);
	write32(f, VIRTIO_MMIO_STATUS, STATUS_READY);
}

static void step(struct fixture *f)
{
	pthread_mutex_lock(&f->net->mmio.lock);
	virtio_net_step(f->net);
	pthread_mutex_unlock(&f->net->mmio.lock);
}

static void test_registers(void)
{
	struct fixture f;

	fixture_init(&f);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_VERSION), 2);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_DEVICE_ID), 1);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_CONFIG), 0x05040302);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_CONFIG + 4), 0x00010706);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_CONFIG + 8), 0);
	write32(&f, VIRTIO_MMIO_CONFIG, 0);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_CONFIG), 0x05040302);
	/* Without VERSION_1; with what was not offered; large frames without checksums. */
	set_features(&f, MERGE);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_STATUS), 3);
	set_features(&f, VERSION | 1ull << VIRTIO_NET_F_CTRL_VQ);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_STATUS), 3);
	set_features(&f, VERSION | 1ull << 63);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_STATUS), 3);
	/* Neither features nor DRIVER_OK out of order. */
	write32(&f, VIRTIO_MMIO_STATUS, 3 | VIRTIO_CONFIG_S_DRIVER_OK);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_STATUS), 3);
	set_queue(&f, 0, &f.rx.layout);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_QUEUE_READY), 0);
	set_features(&f, VERSION | MERGE);
	write32(&f, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	write32(&f, VIRTIO_MMIO_DRIVER_FEATURES, 0);
	CHECK_EQ(f.net->mmio.state.features, VERSION | MERGE);
	/* No such queue; no whole word. */
	set_queue(&f, 2, &f.rx.layout);
	set_queue(&f, UINT32_MAX, &f.rx.layout);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	write32(&f, VIRTIO_MMIO_STATUS + 2, 0);
	uint8_t byte = 0;
	const struct device_access access = {VIRTIO_MMIO_STATUS, true, 1, 1, &byte};
	virtio_mmio_access(&f.net->mmio, &access);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_STATUS), STATUS_FEATURES);
	fixture_free(&f);
}

static void test_queue_changes(void)
{
	struct fixture f;
	struct virtqueue_layout other;

	fixture_init(&f);
	drive(&f, 0);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_STATUS), STATUS_READY);
	const struct virtqueue_layout before = f.net->mmio.state.layout[0];
	guest_queue_init(&f.tx, &f.mem, 0x30000, 8);
	other = f.tx.layout;
	set_queue(&f, 0, &other);
	write32(&f, VIRTIO_MMIO_QUEUE_READY, 0);
	set_queue(&f, 0, &other);
	CHECK_EQ(memcmp(&f.net->mmio.state.layout[0], &before, sizeof(before)), 0);
	CHECK(f.net->queue[0].desc == guest_mem_at(&f.mem, before.desc, 1));
	/* After a reset it can be another. */
	write32(&f, VIRTIO_MMIO_STATUS, 0);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_QUEUE_READY), 0);
	CHECK(!f.net->serving);
	fixture_free(&f);
}

static void test_bad_queues(void)
{
	const struct virtqueue_layout bad[] = {
		{GUEST_LOW - 16, 0x1000, 0x2000, SIZE, true},
		{0, GUEST_LOW, 0x2000, SIZE, true},
		{0, 0x1000, UINT64_MAX - 3, SIZE, true},
		{0, 0x1000, 0x2000, 7, true},
		{0, 0x1000, 0x2000, 0, true},
		{1, 0x1000, 0x2000, SIZE, true},
	};
	struct fixture f;

	fixture_init(&f);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f.tx.layout = bad[i];
		drive(&f, 0);
		CHECK(read32(&f, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
		CHECK_EQ(read32(&f, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
		step(&f);
		CHECK(!f.net->serving);
	}
	fixture_free(&f);
}

/* Buffer NUMBER of the receive queue is free, with LENGTH bytes. */
static void offer(struct fixture *f, uint16_t number, uint32_t length)
{
	guest_queue_desc(&f->rx, number, BUFFERS + number * BUFFER, length, VRING_DESC_F_WRITE, 0);
	guest_queue_push(&f->rx, number);
}

static uint8_t *buffer(struct fixture *f, unsigned number)
{
	return guest_mem_at(&f->mem, BUFFERS + (uint64_t)number * BUFFER, BUFFER);
}

static void test_receive(void)
{
	struct fixture f;
	char frame[3000];

	memset(frame, 'f', sizeof(frame));
	fixture_init(&f);
	drive(&f, MERGE);
	step(&f);
	CHECK(f.net->starved);
	for (uint16_t i = 0; i < 3; i++)
		offer(&f, i, 1000 + VIRTIO_NET_HEADER_SIZE);
	f.net->starved = false; /* the notification */
	CHECK_EQ(send(f.peer, frame, 100, 0), 100);
	CHECK_EQ(send(f.peer, frame, 1500, 0), 1500);
	CHECK_EQ(send(f.peer, frame, 60, 0), 60);
	step(&f);
	CHECK_EQ(guest_queue_used_index(&f.rx), 3);
	CHECK_EQ(guest_queue_used(&f.rx, 0).len, 112);
	CHECK_EQ(guest_queue_used(&f.rx, 1).len, 1012);
	CHECK_EQ(guest_queue_used(&f.rx, 2).len, 500);
	CHECK_EQ(buffer(&f, 0)[10], 1);
	CHECK_EQ(buffer(&f, 1)[10], 2);
	CHECK_EQ(memcmp(buffer(&f, 1) + VIRTIO_NET_HEADER_SIZE, frame, 1000), 0);
	CHECK_EQ(memcmp(buffer(&f, 2), frame, 500), 0);
	CHECK_EQ(buffer(&f, 2)[500], 0);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_VRING);
	write32(&f, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
	/* The last one waits for a buffer. */
	CHECK(f.net->starved);
	offer(&f, 0, BUFFER);
	f.net->starved = false;
	step(&f);
	CHECK_EQ(guest_queue_used_index(&f.rx), 4);
	CHECK_EQ(guest_queue_used(&f.rx, 3).len, 72);
	/* What needs more than there is waits for the second buffer. */
	CHECK_EQ(send(f.peer, frame, 3000, 0), 3000);
	offer(&f, 1, 2000);
	f.net->starved = false;
	step(&f);
	CHECK(f.net->starved && guest_queue_used_index(&f.rx) == 4);
	offer(&f, 2, 2000);
	f.net->starved = false;
	step(&f);
	CHECK_EQ(guest_queue_used_index(&f.rx), 6);
	fixture_free(&f);
}

/* Without mergeable buffers a frame that does not fit is dropped, and the next one comes. */
static void test_receive_single(void)
{
	struct fixture f;
	char frame[3000] = {0};

	fixture_init(&f);
	drive(&f, EVENTS);
	offer(&f, 0, 1000);
	CHECK_EQ(send(f.peer, frame, 3000, 0), 3000);
	CHECK_EQ(send(f.peer, frame, 200, 0), 200);
	step(&f);
	CHECK_EQ(guest_queue_used_index(&f.rx), 1);
	CHECK_EQ(guest_queue_used(&f.rx, 0).len, 212);
	fixture_free(&f);
}

/* Frames of full size go straight into the guest's buffers. */
static void test_receive_direct(void)
{
	static char frame[60000];
	struct fixture f;

	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (char)(i * 7);
	fixture_init(&f);
	guest_queue_init(&f.rx, &f.mem, RX_QUEUE, 64);
	drive(&f, MERGE | EVENTS);
	for (uint16_t i = 0; i < 40; i++)
		offer(&f, i, BUFFER);
	CHECK_EQ(send(f.peer, frame, sizeof(frame), 0), sizeof(frame));
	CHECK_EQ(send(f.peer, frame, 64, 0), 64);
	step(&f);
	CHECK_EQ(guest_queue_used_index(&f.rx), 16);
	CHECK_EQ(memcmp(buffer(&f, 0) + VIRTIO_NET_HEADER_SIZE, frame, sizeof(frame)), 0);
	CHECK_EQ(buffer(&f, 0)[10], 15);
	CHECK_EQ(guest_queue_used(&f.rx, 15).len, 76);
	fixture_free(&f);
}

static void test_send(void)
{
	struct fixture f;
	char got[200];

	fixture_init(&f);
	drive(&f, MERGE);
	memset(buffer(&f, 0), 'a', BUFFER);
	/* The header's end in the second piece. */
	guest_queue_desc(&f.tx, 0, BUFFERS, 5, VRING_DESC_F_NEXT, 3);
	guest_queue_desc(&f.tx, 3, BUFFERS, 27, VRING_DESC_F_NEXT, 1);
	guest_queue_desc(&f.tx, 1, BUFFERS, 80, 0, 0);
	guest_queue_push(&f.tx, 0);
	/* Too short, too long: dropped. */
	guest_queue_desc(&f.tx, 4, BUFFERS, 25, 0, 0);
	guest_queue_push(&f.tx, 4);
	guest_queue_desc(&f.tx, 5, 0x40000, 0x20000, 0, 0);
	guest_queue_push(&f.tx, 5);
	step(&f);
	CHECK_EQ(guest_queue_used_index(&f.tx), 3);
	CHECK_EQ(guest_queue_used(&f.tx, 0).id, 0);
	CHECK_EQ(recv(f.peer, got, sizeof(got), 0), 100);
	CHECK_EQ(got[99], 'a');
	CHECK_EQ(recv(f.peer, got, sizeof(got), 0), -1);
	/* A peer that takes nothing: it waits, and nothing is lost. */
	unsigned sent = 0, arrived = 0;
	guest_queue_desc(&f.tx, 0, BUFFERS, 2000, 0, 0);
	while (!f.net->blocked) {
		guest_queue_push(&f.tx, 0);
		sent++;
		step(&f);
	}
	while (arrived < sent) {
		while (recv(f.peer, got, sizeof(got), 0) > 0)
			arrived++;
		f.net->blocked = false;
		step(&f);
	}
	CHECK_EQ(arrived, sent);
	fixture_free(&f);
}

/* The guest breaks a queue: the card stops until it is reset, and works again. */
static void test_broken(void)
{
	struct fixture f;

	fixture_init(&f);
	for (unsigned round = 0; round < 2; round++) {
		guest_queue_init(&f.rx, &f.mem, RX_QUEUE, SIZE);
		guest_queue_init(&f.tx, &f.mem, TX_QUEUE, SIZE);
		guest_queue_set_avail(&f.tx, 0, 0);
		guest_queue_set_avail(&f.rx, 0, 0);
		drive(&f, MERGE);
		step(&f);
		CHECK(f.net->serving);
		struct guest_queue *queue = round ? &f.rx : &f.tx;
		guest_queue_desc(queue, 0, UINT64_MAX, 10, round ? VRING_DESC_F_WRITE : 0, 0);
		guest_queue_push(queue, 0);
		f.net->starved = false;
		step(&f);
		CHECK(!f.net->serving);
		CHECK(read32(&f, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_NEEDS_RESET);
		CHECK(read32(&f, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_CONFIG);
		step(&f);
		CHECK(!f.net->serving);
	}
	fixture_free(&f);
}

static void test_link(void)
{
	struct fixture f;

	fixture_init(&f);
	drive(&f, MERGE);
	offer(&f, 0, BUFFER);
	step(&f);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_CONFIG + 4) >> 16, VIRTIO_NET_S_LINK_UP);
	close(f.peer);
	f.peer = -1;
	step(&f);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_CONFIG + 4) >> 16, 0);
	CHECK_EQ(read32(&f, VIRTIO_MMIO_INTERRUPT_STATUS), VIRTIO_MMIO_INT_CONFIG);
	fixture_free(&f);
}

static void wait_used(struct guest_queue *queue, uint16_t index)
{
	for (unsigned i = 0; guest_queue_used_index(queue) != index; i++) {
		CHECK(i < 30000);
		usleep(1000);
	}
}

/* A second processor of the guest writes to rings and descriptors all the time, in part what makes
 * sense. The frames that come out are of no interest; the sanitizer sees what is read or written
 * beside guest memory. */
static void *scribble(void *argument)
{
	static const uint64_t places[] = {GUEST_LOW - 1, GUEST_LOW, UINT64_MAX - 7,
					  GUEST_MEM_HIGH_BASE};
	struct fixture *f = argument;
	uint32_t random = 1;

	while (!atomic_load(&scribbled)) {
		random = random * 1664525 + 1013904223;
		const bool rx = random & 0x100, wild = (random >> 10 & 0x3ff) == 0;
		const struct guest_queue *queue = rx ? &f->rx : &f->tx;
		const uint16_t index = random >> 24 & (SIZE - 1);
		const uint16_t flags = (rx ? VRING_DESC_F_WRITE : 0) | (random >> 28 & 1);
		guest_queue_desc(queue, index, wild ? places[random >> 22 & 3] : BUFFERS,
				 wild ? random : 200, wild ? random >> 16 & 7 : flags,
				 wild ? random >> 16 : (index + 1u) & (SIZE - 1));
		guest_queue_set_avail(queue, 0,
				      (uint16_t)(guest_queue_used_index(queue) + (random >> 29)));
		guest_queue_set_used_event(queue, (uint16_t)(random >> 8));
	}
	return NULL;
}

static void test_race(void)
{
	struct fixture f;
	pthread_t thread;
	char frame[200] = {0};
	unsigned served = 0, breaks = 0;

	atomic_store(&scribbled, false);
	fixture_init(&f);
	drive(&f, MERGE | EVENTS);
	CHECK_EQ(pthread_create(&thread, NULL, scribble, &f), 0);
	for (unsigned i = 0; served < 500 || breaks < 20; i++) {
		CHECK(i < 50000000);
		const ssize_t sent = send(f.peer, frame, sizeof(frame), 0);
		CHECK(sent > 0 || errno == EAGAIN);
		while (recv(f.peer, frame, sizeof(frame), 0) > 0)
			served++;
		pthread_mutex_lock(&f.net->mmio.lock);
		f.net->starved = f.net->blocked = false;
		virtio_net_step(f.net);
		const bool broken = !f.net->serving;
		pthread_mutex_unlock(&f.net->mmio.lock);
		breaks += broken;
		sched_yield();
		if (!broken)
			continue;
		guest_queue_set_used(&f.rx, 0);
		guest_queue_set_used(&f.tx, 0);
		drive(&f, MERGE | (i & 1 ? EVENTS : 0));
	}
	atomic_store(&scribbled, true);
	pthread_join(thread, NULL);
	fixture_free(&f);
}

/* With its thread: notifications, resets while it works, holding, another card in its place. */
static void test_thread(void)
{
	struct virtio_net_state state;
	struct uhyve_error error;
	struct fixture f, g;
	char frame[100] = {0};

	fixture_init(&f);
	CHECK_EQ(virtio_net_start(f.net, &error), 0);
	for (unsigned i = 0; i < 200; i++) {
		guest_queue_init(&f.rx, &f.mem, RX_QUEUE, SIZE);
		guest_queue_init(&f.tx, &f.mem, TX_QUEUE, SIZE);
		guest_queue_set_avail(&f.rx, 0, 0);
		drive(&f, MERGE | EVENTS);
		offer(&f, 0, BUFFER);
		write32(&f, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	}
	offer(&f, 1, BUFFER);
	CHECK_EQ(send(f.peer, frame, 100, 0), 100);
	wait_used(&f.rx, 1);
	virtio_net_hold(f.net);
	offer(&f, 2, BUFFER);
	write32(&f, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
	CHECK_EQ(send(f.peer, frame, 100, 0), 100);
	usleep(20000);
	CHECK_EQ(guest_queue_used_index(&f.rx), 1);
	memset(&state, 0, sizeof(state));
	virtio_net_save(f.net, &state);
	CHECK_EQ(state.indices[VIRTIO_NET_RX].next_used, 1);
	fixture_init(&g);
	memcpy(g.mem.base, f.mem.base, GUEST_SIZE);
	virtio_net_release(f.net);
	wait_used(&f.rx, 2);
	/* Another card goes on where the first was held. */
	CHECK_EQ(virtio_net_start(g.net, &error), 0);
	CHECK_EQ(virtio_net_restore(g.net, &state), 0);
	CHECK_EQ(read32(&g, VIRTIO_MMIO_STATUS), STATUS_READY);
	CHECK_EQ(send(g.peer, frame, 50, 0), 50);
	wait_used(&g.rx, 2);
	CHECK_EQ(guest_queue_used(&g.rx, 1).len, 62);
	state.mmio.features = UINT64_MAX;
	CHECK_EQ(virtio_net_restore(g.net, &state), -EINVAL);
	fixture_free(&g);
	fixture_free(&f);
}

int main(void)
{
	test_registers();
	test_queue_changes();
	test_bad_queues();
	test_receive();
	test_receive_single();
	test_receive_direct();
	test_send();
	test_broken();
	test_link();
	test_race();
	test_thread();
	return 0;
}
