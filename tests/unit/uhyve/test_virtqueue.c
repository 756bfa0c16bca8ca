/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtqueue as a device sees it: what it takes, what it refuses, who is told of what. */
#include "virtio_guest.h"

#include "check.h"

#include <errno.h>
#include <stdlib.h>

#define SIZE  8u
#define QUEUE 0x10000u
#define NEXT  VRING_DESC_F_NEXT
#define WRITE VRING_DESC_F_WRITE

struct fixture {
	struct guest_mem mem;
	struct guest_queue guest;
	struct virtqueue queue;
	struct iovec pieces[VIRTQUEUE_SIZE_MAX];
	struct virtqueue_chain chain;
};

static void fixture_init(struct fixture *f, bool event_idx)
{
	guest_memory_create(&f->mem);
	guest_queue_init(&f->guest, &f->mem, QUEUE, SIZE);
	CHECK_EQ(virtqueue_start(&f->queue, &f->mem, &f->guest.layout, event_idx, NULL), 0);
}

static void fixture_free(struct fixture *f)
{
	free(f->mem.base);
}

static int peek(struct fixture *f, unsigned ahead, bool writable)
{
	return virtqueue_peek(&f->queue, ahead, writable, f->pieces, VIRTQUEUE_SIZE_MAX, &f->chain);
}

static int start(struct fixture *f, uint64_t desc, uint64_t avail, uint64_t used, uint16_t size)
{
	const struct virtqueue_layout layout = {desc, avail, used, size, true};

	return virtqueue_start(&f->queue, &f->mem, &layout, true, NULL);
}

static void test_start(void)
{
	struct fixture f;

	fixture_init(&f, false);
	CHECK_EQ(start(&f, 0, 0x1000, 0x2000, 0), -EINVAL);
	CHECK_EQ(start(&f, 0, 0x1000, 0x2000, 3), -EINVAL);
	CHECK_EQ(start(&f, 0, 0x1000, 0x2000, VIRTQUEUE_SIZE_MAX * 2), -EINVAL);
	CHECK_EQ(start(&f, 0, 0x1000, 0x2000, 0x8000), -EINVAL);
	CHECK_EQ(start(&f, 8, 0x1000, 0x2000, 8), -EINVAL);
	CHECK_EQ(start(&f, 0, 0x1001, 0x2000, 8), -EINVAL);
	CHECK_EQ(start(&f, 0, 0x1000, 0x2002, 8), -EINVAL);
	/* Each part at the end of memory, and one byte, or element, further. */
	CHECK_EQ(start(&f, GUEST_LOW - 16 * 8, 0, 0x2000, 8), 0);
	CHECK_EQ(start(&f, GUEST_LOW - 16 * 7, 0, 0x2000, 8), -EFAULT);
	CHECK_EQ(start(&f, 0, GUEST_LOW - 22, 0x2000, 8), 0);
	CHECK_EQ(start(&f, 0, GUEST_LOW - 20, 0x2000, 8), -EFAULT);
	CHECK_EQ(start(&f, 0, 0x1000, GUEST_LOW - 72, 8), 0);
	CHECK_EQ(start(&f, 0, 0x1000, GUEST_LOW - 68, 8), -EFAULT);
	CHECK_EQ(start(&f, UINT64_MAX - 15, 0x1000, 0x2000, 8), -EFAULT);
	CHECK_EQ(start(&f, 0, UINT64_MAX - 1, 0x2000, 8), -EFAULT);
	CHECK_EQ(start(&f, 0, 0x1000, UINT64_MAX - 3, 8), -EFAULT);
	CHECK_EQ(f.queue.size, 0);
	fixture_free(&f);
}

static void test_chains(void)
{
	struct fixture f;

	fixture_init(&f, false);
	CHECK_EQ(peek(&f, 0, false), 0);
	/* Three pieces, one of them in the upper memory; then one to write to. */
	guest_queue_desc(&f.guest, 1, 0x3000, 10, NEXT, 5);
	guest_queue_desc(&f.guest, 5, GUEST_MEM_HIGH_BASE, 20, NEXT, 2);
	guest_queue_desc(&f.guest, 2, GUEST_LOW - 30, 30, 0, 77);
	guest_queue_desc(&f.guest, 7, 0x4000, 40, WRITE, 0);
	guest_queue_push(&f.guest, 1);
	guest_queue_push(&f.guest, 7);
	CHECK_EQ(peek(&f, 0, false), 1);
	CHECK_EQ(f.chain.head, 1);
	CHECK_EQ(f.chain.pieces, 3);
	CHECK_EQ(f.chain.length, 60);
	CHECK(f.pieces[1].iov_base == guest_mem_at(&f.mem, GUEST_MEM_HIGH_BASE, 20));
	CHECK_EQ(f.pieces[1].iov_len, 20);
	CHECK_EQ(virtqueue_peek(&f.queue, 0, false, f.pieces, 3, &f.chain), 1);
	CHECK_EQ(virtqueue_peek(&f.queue, 0, false, f.pieces, 2, &f.chain), -ENOBUFS);
	CHECK_EQ(peek(&f, 1, true), 1);
	CHECK_EQ(f.chain.head, 7);
	CHECK_EQ(peek(&f, 2, true), 0);
	CHECK_EQ(peek(&f, 0, true), -EPROTO);
	CHECK_EQ(peek(&f, 1, false), -EPROTO);
	virtqueue_take(&f.queue, 1);
	CHECK_EQ(peek(&f, 0, true), 1);
	CHECK_EQ(f.chain.head, 7);
	fixture_free(&f);
}

/* Descriptor 0 as given; the result of looking at it. */
static int peek_at(struct fixture *f, uint64_t gpa, uint32_t len, uint16_t flags, uint16_t next)
{
	guest_queue_desc(&f->guest, 0, gpa, len, flags, next);
	return peek(f, 0, false);
}

static void test_refusals(void)
{
	struct fixture f;

	fixture_init(&f, false);
	guest_queue_push(&f.guest, 0);
	CHECK_EQ(peek_at(&f, 0x3000, 1, 0, 0), 1);
	CHECK_EQ(peek_at(&f, 0x3000, 0, 0, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, GUEST_LOW, 1, 0, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, GUEST_LOW - 1, 2, 0, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, GUEST_MEM_HIGH_BASE - 1, 2, 0, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, UINT64_MAX, 1, 0, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, UINT64_MAX - 1, UINT32_MAX, 0, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, 0, UINT32_MAX, 0, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, 0x3000, 64, VRING_DESC_F_INDIRECT, 0), -EPROTO);
	/* To itself; beside the table. */
	CHECK_EQ(peek_at(&f, 0x3000, 1, NEXT, 0), -EPROTO);
	CHECK_EQ(peek_at(&f, 0x3000, 1, NEXT, SIZE), -EPROTO);
	CHECK_EQ(peek_at(&f, 0x3000, 1, NEXT, UINT16_MAX), -EPROTO);
	/* A ring of all. */
	for (uint16_t i = 0; i < SIZE; i++)
		guest_queue_desc(&f.guest, i, 0x3000, 1, NEXT, (i + 1) % SIZE);
	CHECK_EQ(peek(&f, 0, false), -EPROTO);
	/* As long as the table is: allowed. */
	guest_queue_desc(&f.guest, SIZE - 1, 0x3000, 1, 0, 0);
	CHECK_EQ(peek(&f, 0, false), 1);
	CHECK_EQ(f.chain.pieces, SIZE);
	/* Heads and indices that cannot be. */
	guest_queue_push(&f.guest, SIZE);
	CHECK_EQ(peek(&f, 1, false), -EPROTO);
	guest_queue_set_avail(&f.guest, 0, SIZE + 1);
	CHECK_EQ(peek(&f, 0, false), -EPROTO);
	guest_queue_set_avail(&f.guest, 0, UINT16_MAX);
	CHECK_EQ(peek(&f, 0, false), -EPROTO);
	fixture_free(&f);
}

static void test_used(void)
{
	struct fixture f;

	fixture_init(&f, false);
	virtqueue_put(&f.queue, 0, 3, 100);
	virtqueue_put(&f.queue, 1, 4, 200);
	CHECK_EQ(guest_queue_used_index(&f.guest), 0);
	virtqueue_publish(&f.queue, 2);
	CHECK_EQ(guest_queue_used_index(&f.guest), 2);
	CHECK_EQ(guest_queue_used(&f.guest, 1).id, 4);
	CHECK_EQ(guest_queue_used(&f.guest, 1).len, 200);
	CHECK(virtqueue_wants_signal(&f.queue));
	CHECK(!virtqueue_wants_signal(&f.queue));
	guest_queue_set_avail(&f.guest, VRING_AVAIL_F_NO_INTERRUPT, 0);
	virtqueue_publish(&f.queue, 1);
	CHECK(!virtqueue_wants_signal(&f.queue));
	/* Around the end of ring and index. */
	for (unsigned i = 3; i < 70000; i++) {
		virtqueue_put(&f.queue, 0, (uint16_t)(i % SIZE), i);
		virtqueue_publish(&f.queue, 1);
		CHECK_EQ(guest_queue_used(&f.guest, (uint16_t)i).len, i);
	}
	CHECK_EQ(guest_queue_used_index(&f.guest), 70000 % 65536);
	fixture_free(&f);
}

static void test_event_index(void)
{
	struct fixture f;

	fixture_init(&f, true);
	guest_queue_set_used_event(&f.guest, 1);
	virtqueue_publish(&f.queue, 1);
	CHECK(!virtqueue_wants_signal(&f.queue));
	virtqueue_publish(&f.queue, 1);
	CHECK(virtqueue_wants_signal(&f.queue));
	virtqueue_publish(&f.queue, 1);
	CHECK(!virtqueue_wants_signal(&f.queue));
	/* Several at once pass it, also where the index wraps. */
	f.queue.at.next_used = f.queue.at.signalled = UINT16_MAX - 1;
	guest_queue_set_used_event(&f.guest, UINT16_MAX);
	virtqueue_publish(&f.queue, 4);
	CHECK(virtqueue_wants_signal(&f.queue));
	fixture_free(&f);
}

static void test_watch(void)
{
	struct fixture f;

	fixture_init(&f, true);
	CHECK(!virtqueue_watch(&f.queue, 0));
	guest_queue_push(&f.guest, 0);
	CHECK(virtqueue_watch(&f.queue, 0));
	CHECK(!virtqueue_watch(&f.queue, 1));
	CHECK_EQ(guest_queue_avail_event(&f.guest), 1);
	fixture_free(&f);
	fixture_init(&f, false);
	virtqueue_ignore(&f.queue);
	CHECK_EQ(guest_queue_used_flags(&f.guest), VRING_USED_F_NO_NOTIFY);
	CHECK(!virtqueue_watch(&f.queue, 0));
	CHECK_EQ(guest_queue_used_flags(&f.guest), 0);
	fixture_free(&f);
}

int main(void)
{
	test_start();
	test_chains();
	test_refusals();
	test_used();
	test_event_index();
	test_watch();
	return 0;
}
