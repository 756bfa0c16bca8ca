/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network card: registers by the rules and against them, frames in both directions between the
 * queues and a packet socket, want of buffers, hostile queues. With threads: test_virtio_threads.c.
 */
#include "net_fixture.h"

#include "check.h"

#include <linux/virtio_mmio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	return 0;
}
