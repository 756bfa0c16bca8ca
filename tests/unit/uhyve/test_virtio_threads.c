/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network card with several threads: a guest that rewrites rings while they are read; the
 * card's own thread, resets, holding, saving and restoring.
 */
#include "net_fixture.h"

#include "check.h"

#include <errno.h>
#include <linux/virtio_mmio.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_bool scribbled;

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

static bool is_marked(const struct fixture *f, uint64_t gpa)
{
	const uint64_t page = gpa / GUEST_MEM_PAGE;

	return f->mem.dirty[page / 64] >> page % 64 & 1;
}

/* Incremental checkpoints hear of what the card writes, and of nothing else. */
static void test_marks(void)
{
	struct fixture f;
	char frame[1000] = {0};

	fixture_init(&f);
	CHECK_EQ(guest_mem_track(&f.mem), 0);
	drive(&f, MERGE);
	offer(&f, 0, 600);
	offer(&f, 1, 600);
	offer(&f, 2, 600);
	CHECK_EQ(send(f.peer, frame, sizeof(frame), 0), sizeof(frame));
	pthread_mutex_lock(&f.net->mmio.lock);
	virtio_net_step(f.net);
	pthread_mutex_unlock(&f.net->mmio.lock);
	CHECK_EQ(guest_queue_used_index(&f.rx), 2);
	CHECK(is_marked(&f, f.rx.layout.used) && is_marked(&f, f.tx.layout.used));
	CHECK(is_marked(&f, BUFFERS) && is_marked(&f, BUFFERS + BUFFER));
	CHECK(!is_marked(&f, BUFFERS + 2 * BUFFER));
	CHECK(!is_marked(&f, f.rx.layout.desc) && !is_marked(&f, f.rx.layout.avail));
	void *marks = f.mem.dirty;
	fixture_free(&f);
	munmap(marks, GUEST_MEM_PAGE);
}

static void *reset_and_drive(void *argument)
{
	struct fixture *f = argument;

	for (unsigned i = 0; i < 5; i++) {
		write32(f, VIRTIO_MMIO_STATUS, 0);
		set_features(f, VERSION | MERGE);
		set_queue(f, 0, &f->rx.layout);
		set_queue(f, 1, &f->tx.layout);
		write32(f, VIRTIO_MMIO_STATUS, STATUS_READY);
	}
	return NULL;
}

/* Processors that reset the card and start it at the same time: none of them waits for ever. */
static void test_resets(void)
{
	struct uhyve_error error;
	struct fixture f;
	pthread_t threads[3];

	fixture_init(&f);
	CHECK_EQ(virtio_net_start(f.net, &error), 0);
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 3; i++)
			CHECK_EQ(pthread_create(&threads[i], NULL, reset_and_drive, &f), 0);
		for (unsigned i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
	}
	fixture_free(&f);
}

int main(void)
{
	test_race();
	test_marks();
	test_resets();
	test_thread();
	return 0;
}
