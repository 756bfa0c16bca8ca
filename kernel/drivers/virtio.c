/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio: what is the same for every transport (virtio 1.2, 2.7 split virtqueues, 3.1
 * initialisation). */
#include "virtio.h"

#include <arch/io.h>
#include <asm/errno.h>
#include <lib/assert.h>
#include <mm/frame.h>
#include <stdatomic.h>

/* Layout of a queue in its frame: descriptors, then the available ring, then the used ring (each
 * aligned as 2.7 wants it). */
#define AVAIL_OFFSET(size) ((size) * sizeof(struct virtq_desc))
#define USED_OFFSET(size)                                                                          \
	ALIGN_UP(AVAIL_OFFSET(size) + sizeof(struct virtq_avail) + ((size) + 1u) * 2, 8ul)
_Static_assert(AVAIL_OFFSET(VIRTQ_SIZE_MAX) + 8 * VIRTQ_SIZE_MAX + 2 * VIRTQ_SIZE_MAX + 32 <=
		       PAGE_SIZE,
	       "a queue fits into one frame");

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

int virtio_begin(struct virtio_device *device, uint64_t wanted, uint64_t *granted)
{
	const struct virtio_ops *ops = device->ops;
	uint64_t features;

	ops->set_status(device, 0);
	ops->set_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	features = device_features(device);
	if (!(features & VIRTIO_F_VERSION_1))
		return -EIO;
	*granted = features & wanted;
	accept_features(device, *granted | VIRTIO_F_VERSION_1);
	ops->set_status(device, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
					VIRTIO_STATUS_FEATURES_OK);
	return ops->status(device) & VIRTIO_STATUS_FEATURES_OK ? 0 : -EIO;
}

int virtq_create(struct virtio_device *device, struct virtq *queue, uint16_t index, uint16_t size)
{
	uint16_t max = device->ops->queue_size(device, index);
	paddr_t frame;
	uint8_t *memory;

	if (!max)
		return -ENODEV;
	size = MIN(MIN(size, max), (uint16_t)VIRTQ_SIZE_MAX);
	frame = mm_frame_alloc(0, MM_ZERO);
	if (frame == PADDR_NONE)
		return -ENOMEM;
	memory = mm_phys_to_virt(frame);
	*queue = (struct virtq){
		.device = device,
		.index = index,
		.size = size,
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
	uint16_t idx = queue->avail->idx;

	queue->avail->ring[idx % queue->size] = head;
	/* The device reads the entry after the index (2.7.13.2). */
	atomic_thread_fence(memory_order_release);
	WRITE_ONCE(queue->avail->idx, (uint16_t)(idx + 1));
}

void virtq_kick(struct virtq *queue)
{
	arch_mb();
	queue->device->ops->notify(queue->device, queue);
}

bool virtq_has_used(const struct virtq *queue)
{
	return READ_ONCE(queue->used->idx) != queue->last_used;
}

bool virtq_pop(struct virtq *queue, uint32_t *id, uint32_t *len)
{
	const struct virtq_used_elem *elem;

	if (!virtq_has_used(queue))
		return false;
	atomic_thread_fence(memory_order_acquire);
	elem = &queue->used->ring[queue->last_used % queue->size];
	*id = elem->id < queue->size ? elem->id : UINT32_MAX;
	*len = elem->len;
	queue->last_used++;
	return true;
}
