/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guest's side of virtqueues, for tests of devices: where a queue lies in guest memory, and
 * how its parts are written. It obeys no rules: tests write what they like.
 */
#ifndef TEST_VIRTIO_GUEST_H
#define TEST_VIRTIO_GUEST_H

#include "uhyve/virtqueue.h"

#include <linux/virtio_ring.h>

/* Guest memory: 1 MiB at 0, 1 MiB at 4 GiB; a block of the heap (to be freed) of exactly its size,
 * so that the sanitizer sees a byte beside it. */
#define GUEST_LOW  (1ull << 20)
#define GUEST_SIZE (2ull << 20)

void guest_memory_create(struct guest_mem *mem);

struct guest_queue {
	const struct guest_mem *mem;
	struct virtqueue_layout layout;
	uint16_t next; /* index of the available ring */
};

/* A queue of SIZE descriptors at GPA and the 3 pages that follow. */
void guest_queue_init(struct guest_queue *queue, const struct guest_mem *mem, uint64_t gpa,
		      uint16_t size);

void guest_queue_desc(const struct guest_queue *queue, uint16_t index, uint64_t gpa, uint32_t len,
		      uint16_t flags, uint16_t next);
/* Makes HEAD available. */
void guest_queue_push(struct guest_queue *queue, uint16_t head);
void guest_queue_set_avail(const struct guest_queue *queue, uint16_t flags, uint16_t index);
void guest_queue_set_used_event(const struct guest_queue *queue, uint16_t event);
void guest_queue_set_used(const struct guest_queue *queue, uint16_t index);
uint16_t guest_queue_used_index(const struct guest_queue *queue);
struct vring_used_elem guest_queue_used(const struct guest_queue *queue, uint16_t index);
uint16_t guest_queue_used_flags(const struct guest_queue *queue);
uint16_t guest_queue_avail_event(const struct guest_queue *queue);

#endif /* TEST_VIRTIO_GUEST_H */
