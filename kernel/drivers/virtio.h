/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio 1.2 (OASIS): devices over MMIO or PCI behind one operations table, and split virtqueues.
 * Private to this folder. Only modern devices (VIRTIO_F_VERSION_1).
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include <arch/io.h>
#include <core/irq.h>
#include <lib/compiler.h>
#include <lib/types.h>

/* Device ids, 5. */
#define VIRTIO_ID_NET	  1u
#define VIRTIO_ID_CONSOLE 3u

/* Status bits, 2.1. */
#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER	  2u
#define VIRTIO_STATUS_DRIVER_OK	  4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_FAILED	  128u

#define VIRTIO_F_VERSION_1	  (1ull << 32)

/* Split virtqueue, 2.7. */
struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
#define VIRTQ_DESC_NEXT	 1u
#define VIRTQ_DESC_WRITE 2u /* the device writes */

struct virtq_avail {
	uint16_t flags, idx, ring[];
};
#define VIRTQ_AVAIL_NO_INTERRUPT 1u

struct virtq_used_elem {
	uint32_t id, len;
};
struct virtq_used {
	uint16_t flags, idx;
	struct virtq_used_elem ring[];
};

/* The caller locks. Memory: one frame; up to VIRTQ_SIZE_MAX descriptors. */
#define VIRTQ_SIZE_MAX 64u

struct virtio_device;

struct virtq {
	struct virtio_device *device;
	uint16_t index, size;
	uint16_t last_used; /* next used element to look at */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	paddr_t frame;
	uint32_t notify_offset; /* PCI */
};

/* Physical address of a part of the queue. */
static inline paddr_t virtq_paddr(const struct virtq *queue, const void *part)
{
	return queue->frame + (uint64_t)((const uint8_t *)part - (const uint8_t *)queue->desc);
}

/* Device registers of 64 bits are written as two of 32 (4.1.3.1, 4.2.2.2). */
static inline void virtio_write64(uintptr_t address, uint64_t value)
{
	arch_mmio_write32(address, (uint32_t)value);
	arch_mmio_write32(address + 4, (uint32_t)(value >> 32));
}

/* Feature bits stand behind a window of 32 bits (4.1.4.3, 4.2.2): the half is selected in one
 * register and is seen in another. Offsets in virtio_device.common. */
struct virtio_feature_window {
	uint16_t select, value;
};

struct virtio_ops {
	uint8_t (*status)(struct virtio_device *device);
	void (*set_status)(struct virtio_device *device, uint8_t status);
	struct virtio_feature_window features, driver_features;
	/* The device's maximum, 0: there is no such queue. */
	uint16_t (*queue_size)(struct virtio_device *device, uint16_t index);
	void (*queue_set)(struct virtio_device *device, struct virtq *queue);
	void (*notify)(struct virtio_device *device, const struct virtq *queue);
	/* Was it this device that interrupted? Acknowledges it. */
	bool (*interrupted)(struct virtio_device *device);
	/* Sends the device's interrupts to VECTOR. 0 or -errno. */
	int (*route)(struct virtio_device *device, unsigned vector);
};

struct virtio_device {
	const struct virtio_ops *ops;
	uint32_t id;				  /* VIRTIO_ID_* */
	uintptr_t common, isr, notify_base, msix; /* mapped registers; MMIO uses common only */
	uint32_t notify_multiplier;
	unsigned gsi;
};

/* Looks for the first device of kind ID. CMDLINE names MMIO devices
 * (virtio_mmio.device=SIZE@BASE:IRQ). 0, -ENODEV, or what went wrong. */
must_check int virtio_mmio_find(struct virtio_device *device, uint32_t id, const char *cmdline);
must_check int virtio_pci_find(struct virtio_device *device, uint32_t id);

/* Reset, negotiation of VERSION_1 and those of WANTED that the device has (*GRANTED). 0 or -EIO. */
must_check int virtio_begin(struct virtio_device *device, uint64_t wanted, uint64_t *granted);

/* Creates queue INDEX with at most SIZE descriptors. 0, -ENODEV or -ENOMEM. */
must_check int virtq_create(struct virtio_device *device, struct virtq *queue, uint16_t index,
			    uint16_t size);

/* The device may use the queues from now on. */
void virtio_ready(struct virtio_device *device);

/* Makes descriptor HEAD (and its chain) available; the device learns of it by virtq_kick. */
void virtq_push(struct virtq *queue, uint16_t head);
void virtq_kick(struct virtq *queue);

/* Takes the next used element: true and *ID (< size, else the device lies: -1 as UINT32_MAX) and
 * *LEN. */
bool virtq_pop(struct virtq *queue, uint32_t *id, uint32_t *len);
bool virtq_has_used(const struct virtq *queue);

#endif /* DRIVERS_VIRTIO_H */
