/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio: what is the same for every transport (virtio 1.2, 2.7 split virtqueues, 3.1
 * initialisation). */
#include "virtio.h"

#include <arch/io.h>
#include <asm/errno.h>
#include <lib/assert.h>
#include <mm/frame.h>
#include <stdatomic.h>

/* Layout of a queue's memory: descriptors, then the available ring and the used event, then the
 * used ring and the available event (each aligned as 2.7 wants it). */
#define AVAIL_OFFSET(size) ((size) * sizeof(struct virtq_desc))
#define USED_OFFSET(size)                                                                          \
	ALIGN_UP(AVAIL_OFFSET(size) + sizeof(struct virtq_avail) + ((size) + 1ul) * 2, 8ul)
#define QUEUE_BYTES(size)                                                                          \
	(USED_OFFSET(size) + sizeof(struct virtq_used) + (size) * sizeof(struct virtq_used_elem) + \
	 2)

static unsigned order_of(size_t bytes)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < bytes)
		order++;
	return order;
}

static uint16_t *used_event(const struct virtq *queue)
{
	return &queue->avail->ring[queue->size];
}

static const uint16_t *avail_event(const struct virtq *queue)
{
	return (const uint16_t *)(const void *)&queue->used->ring[queue->size];
}

static uint64_t device_features(const struct virtio_device *d)
{
	const struct virtio_feature_window *window = &d->ops->features;
	uint64_t low;

	arch_mmio_write32(d->common + window->select, 0);
	low = arch_mmio_read32(d->common + window->value);
	arch_mmio_write32(d->common + window->select, 1);
	return low | (uint64_t)arch_mmio_read32(d->common + window->value) << 32;
}

static void accept_features(const struct virtio_device *d, uint64_t features)
{
	const struct virtio_feature_window *window = &d->ops->driver_features;

	arch_mmio_write32(d->common + window->select, 0);
	arch_mmio_write32(d->common + window->value, (uint32_t)features);
	arch_mmio_write32(d->common + window->select, 1);
	arch_mmio_write32(d->common + window->value, (uint32_t)(features >> 32));
}

int virtio_begin(struct virtio_device *device, uint64_t wanted)
{
	const struct virtio_ops *ops = device->ops;
	uint64_t features;

	ops->set_status(device, 0);
	ops->set_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	features = device_features(device);
	if (!(features & VIRTIO_F_VERSION_1))
		return -EIO;
	device->features = features & (wanted | VIRTIO_F_VERSION_1);
	accept_features(device, device->features);
	ops->set_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
					VIRTIO_STATUS_FEATURES_OK);
	return ops->status(device) & VIRTIO_STATUS_FEATURES_OK ? 0 : -EIO;
}

int virtq_create(struct virtio_device *device, struct virtq *queue, uint16_t index, uint16_t size,
		 unsigned message)
{
	uint16_t max = device->ops->queue_size(device, index);
	paddr_t frame;
	uint8_t *memory;

	if (!max)
		return -ENODEV;
	size = MIN(size, max);
	if (size > VIRTQ_SIZE_MAX || (size & (size - 1)))
		return -EIO;
	frame = mm_frame_alloc(order_of(QUEUE_BYTES(size)), MM_ZERO);
	if (frame == PADDR_NONE)
		return -ENOMEM;
	memory = mm_phys_to_virt(frame);
	*queue = (struct virtq){
		.device = device,
		.index = index,
		.size = size,
		.message = (uint16_t)message,
		.event_idx = device->features & VIRTIO_F_EVENT_IDX,
		.desc = (void *)memory,
		.avail = (void *)(memory + AVAIL_OFFSET(size)),
		.used = (void *)(memory + USED_OFFSET(size)),
		.frame = frame,
	};
	device->ops->queue_set(device, queue);
	return 0;
}

void virtio_ready(struct virtio_device *device)
{
	device->ops->set_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
						VIRTIO_STATUS_FEATURES_OK |
						VIRTIO_STATUS_DRIVER_OK);
}

void virtq_push(struct virtq *queue, uint16_t head)
{
	queue->avail->ring[queue->next_avail & (queue->size - 1)] = head;
	/* The device reads the entry after the index (2.7.13.2). */
	atomic_thread_fence(memory_order_release);
	WRITE_ONCE(queue->avail->idx, ++queue->next_avail);
}

/* 2.7.10.1: did the index pass EVENT on its way from OLD to NEW? */
static bool passed(uint16_t event, uint16_t old, uint16_t new)
{
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

void virtq_kick(struct virtq *queue)
{
	bool wanted;

	/* The index is written before the device's wish is read; the device does it the other way
	 * round (2.7.13.4). */
	arch_mb();
	if (queue->event_idx)
		wanted = passed(READ_ONCE(*avail_event(queue)), queue->kicked, queue->next_avail);
	else
		wanted = !(READ_ONCE(queue->used->flags) & VIRTQ_USED_NO_NOTIFY);
	queue->kicked = queue->next_avail;
	if (wanted)
		queue->device->ops->notify(queue->device, queue);
}

void virtq_mask(struct virtq *queue)
{
	/* An event that lies behind does not happen before the index has gone once around. */
	if (queue->event_idx)
		WRITE_ONCE(*used_event(queue), (uint16_t)(queue->last_used - 1));
	else
		WRITE_ONCE(queue->avail->flags, VIRTQ_AVAIL_NO_INTERRUPT);
}

bool virtq_unmask(struct virtq *queue, uint16_t count)
{
	if (queue->event_idx) {
		WRITE_ONCE(*used_event(queue), (uint16_t)(queue->last_used + count - 1));
	} else {
		WRITE_ONCE(queue->avail->flags, 0);
		count = 1;
	}
	arch_mb(); /* as in virtq_kick, with the roles exchanged (2.7.7.1) */
	return virtq_used_count(queue) >= count;
}

uint16_t virtq_used_count(const struct virtq *queue)
{
	return (uint16_t)(READ_ONCE(queue->used->idx) - queue->last_used);
}

bool virtq_has_used(const struct virtq *queue)
{
	return virtq_used_count(queue) != 0;
}

bool virtq_pop(struct virtq *queue, uint32_t *id, uint32_t *len)
{
	const struct virtq_used_elem *elem;

	if (!virtq_has_used(queue))
		return false;
	atomic_thread_fence(memory_order_acquire);
	elem = &queue->used->ring[queue->last_used & (queue->size - 1)];
	*id = elem->id < queue->size ? elem->id : UINT32_MAX;
	*len = elem->len;
	queue->last_used++;
	return true;
}
