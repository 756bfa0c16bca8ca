/* SPDX-License-Identifier: BSD-3-Clause */
/* See virtqueue.h. */
#include "virtqueue.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <stddef.h>

/* The rings: two words, the elements, and the event index of the other side (2.7.10). */
#define RING_FLAGS	  0u
#define RING_INDEX	  2u
#define RING_ELEMENTS	  4u
#define AVAIL_BYTES(size) (RING_ELEMENTS + 2u * (size) + 2u)
#define USED_BYTES(size)  (RING_ELEMENTS + 8u * (size) + 2u)

_Static_assert(sizeof(struct vring_desc) == 16, "virtio 1.2, 2.7.5");

/* Words that the guest may change at any moment. */
static uint16_t load16(const uint8_t *at)
{
	return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static uint64_t load64(const uint8_t *at)
{
	return __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_RELAXED);
}

/* Into the used ring. */
static void store16(const struct virtqueue *queue, uint8_t *at, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)at, value, __ATOMIC_RELEASE);
	guest_mem_dirtied(queue->mem, at, sizeof(value));
}

static void store32(uint8_t *at, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)at, value, __ATOMIC_RELAXED);
}

static const uint8_t *used_event(const struct virtqueue *queue)
{
	return queue->avail + RING_ELEMENTS + 2u * queue->size;
}

static uint8_t *avail_event(const struct virtqueue *queue)
{
	return queue->used + RING_ELEMENTS + 8u * queue->size;
}

int virtqueue_start(struct virtqueue *queue, const struct guest_mem *mem,
		    const struct virtqueue_layout *layout, bool event_idx,
		    const struct virtqueue_indices *indices)
{
	const uint16_t size = layout->size;

	*queue = (struct virtqueue){.mem = mem, .event_idx = event_idx};
	if (!size || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)))
		return -EINVAL;
	if (layout->desc % 16 || layout->avail % 2 || layout->used % 4)
		return -EINVAL;
	queue->desc = guest_mem_at(mem, layout->desc, sizeof(struct vring_desc) * size);
	queue->avail = guest_mem_at(mem, layout->avail, AVAIL_BYTES(size));
	queue->used = guest_mem_at(mem, layout->used, USED_BYTES(size));
	if (!queue->desc || !queue->avail || !queue->used)
		return -EFAULT;
	queue->size = size;
	if (indices)
		queue->at = *indices;
	return 0;
}

/* One read of each half: what is checked is what is used. */
static struct vring_desc copy_descriptor(const struct virtqueue *queue, uint16_t index)
{
	const uint8_t *at = queue->desc + sizeof(struct vring_desc) * index;
	uint64_t rest = load64(at + offsetof(struct vring_desc, len));

	return (struct vring_desc){.addr = load64(at),
				   .len = (uint32_t)rest,
				   .flags = (uint16_t)(rest >> 32),
				   .next = (uint16_t)(rest >> 48)};
}

/* 1: there is an entry, and its chain's head. */
static int find_head(const struct virtqueue *queue, unsigned ahead, uint16_t *head)
{
	uint16_t waiting = (uint16_t)(load16(queue->avail + RING_INDEX) - queue->at.next_avail);

	if (waiting > queue->size)
		return -EPROTO;
	if (ahead >= waiting)
		return 0;
	unsigned slot = (queue->at.next_avail + ahead) & (queue->size - 1u);
	*head = load16(queue->avail + RING_ELEMENTS + 2u * slot);
	return *head < queue->size ? 1 : -EPROTO;
}

int virtqueue_peek(const struct virtqueue *queue, unsigned ahead, bool writable,
		   struct iovec *pieces, unsigned room, struct virtqueue_chain *chain)
{
	const uint16_t direction = writable ? VRING_DESC_F_WRITE : 0;
	uint16_t index;
	int found = find_head(queue, ahead, &index);

	if (found <= 0)
		return found;
	*chain = (struct virtqueue_chain){.head = index};
	for (unsigned i = 0; i < queue->size; i++) {
		const struct vring_desc desc = copy_descriptor(queue, index);
		/* No tables of descriptors: the feature was not offered. */
		if ((desc.flags & (VRING_DESC_F_WRITE | VRING_DESC_F_INDIRECT)) != direction)
			return -EPROTO;
		void *memory = guest_mem_at(queue->mem, desc.addr, desc.len);
		if (!memory || !desc.len || desc.len > UINT32_MAX - chain->length)
			return -EPROTO;
		if (i == room)
			return -ENOBUFS;
		pieces[i] = (struct iovec){memory, desc.len};
		chain->pieces++;
		chain->length += desc.len;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 1;
		index = desc.next;
		if (index >= queue->size)
			return -EPROTO;
	}
	return -EPROTO; /* more than there are descriptors: a loop */
}

void virtqueue_take(struct virtqueue *queue, unsigned count)
{
	queue->at.next_avail = (uint16_t)(queue->at.next_avail + count);
}

void virtqueue_put(struct virtqueue *queue, unsigned ahead, uint16_t head, uint32_t length)
{
	unsigned slot = (queue->at.next_used + ahead) & (queue->size - 1u);
	uint8_t *element = queue->used + RING_ELEMENTS + 8u * slot;

	store32(element, head);
	store32(element + 4, length);
	guest_mem_dirtied(queue->mem, element, 2 * sizeof(uint32_t));
}

void virtqueue_publish(struct virtqueue *queue, unsigned count)
{
	queue->at.next_used = (uint16_t)(queue->at.next_used + count);
	store16(queue, queue->used + RING_INDEX, queue->at.next_used);
}

bool virtqueue_wants_signal(struct virtqueue *queue)
{
	const uint16_t old = queue->at.signalled, new = queue->at.next_used;

	/* The index is written before the guest's wish is read; the guest does it the other way
	 * round (2.7.7.2). */
	atomic_thread_fence(memory_order_seq_cst);
	queue->at.signalled = new;
	if (!queue->event_idx)
		return new != old &&
		       !(load16(queue->avail + RING_FLAGS) & VRING_AVAIL_F_NO_INTERRUPT);
	/* 2.7.7.2: did the index pass the event? */
	return (uint16_t)(new - load16(used_event(queue)) - 1) < (uint16_t)(new - old);
}

void virtqueue_adopt_used(struct virtqueue *queue)
{
	queue->at.next_used = queue->at.signalled = load16(queue->used + RING_INDEX);
}

void virtqueue_ignore(struct virtqueue *queue)
{
	/* With event indices the one that lies behind says it. */
	if (!queue->event_idx)
		store16(queue, queue->used + RING_FLAGS, VRING_USED_F_NO_NOTIFY);
}

bool virtqueue_watch(struct virtqueue *queue, unsigned seen)
{
	const uint16_t event = (uint16_t)(queue->at.next_avail + seen);

	if (queue->event_idx)
		store16(queue, avail_event(queue), event);
	else
		store16(queue, queue->used + RING_FLAGS, 0);
	/* As above, with the roles exchanged (2.7.10.1). */
	atomic_thread_fence(memory_order_seq_cst);
	return load16(queue->avail + RING_INDEX) != event;
}
