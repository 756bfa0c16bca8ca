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

/* Features that belong to no kind of device, 6. */
#define VIRTIO_F_EVENT_IDX (1ull << 29)
#define VIRTIO_F_VERSION_1 (1ull << 32)

/* Interrupt status, 4.1.4.5. */
#define VIRTIO_ISR_QUEUE  1u
#define VIRTIO_ISR_CONFIG 2u

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
#define VIRTQ_USED_NO_NOTIFY 1u

/*
 * The caller locks. Behind the available ring lies the used event, behind the used ring the
 * available event (2.7.10): the index after whose passing the other side wants to hear. What the
 * driver itself has to remember is here and not read back from memory that the device shares.
 */
#define VIRTQ_SIZE_MAX 1024u

struct virtio_device;

struct virtq {
	struct virtio_device *device;
	uint16_t index, size; /* a power of two */
	uint16_t message;     /* MSI-X message for its interrupts */
	bool event_idx;	      /* VIRTIO_F_EVENT_IDX was negotiated */
	uint16_t last_used;   /* next used element to look at */
	uint16_t next_avail;  /* index of the next entry to make available ... */
	uint16_t kicked;      /* ... and its value when the device was last told */
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
	/* Why the device interrupts, VIRTIO_ISR_*; 0: it was not this device. Acknowledges it. Over
	 * PCI always VIRTIO_ISR_QUEUE: each message says by itself what it is for. */
	unsigned (*interrupted)(struct virtio_device *device);
	/* Sends the interrupts of queues with MESSAGE (< device->messages) to VECTOR on CPU number
	 * CPU; MMIO: all interrupts, to the executing CPU. 0 or -errno. */
	int (*route)(struct virtio_device *device, unsigned message, unsigned vector, unsigned cpu);
	/* Changes of the configuration interrupt with MESSAGE; MMIO: with the only one. */
	void (*route_config)(struct virtio_device *device, unsigned message);
};

struct virtio_device {
	const struct virtio_ops *ops;
	uint32_t id;			     /* VIRTIO_ID_* */
	uintptr_t common, notify_base, msix; /* mapped registers; MMIO uses common only */
	uintptr_t config;		     /* device-specific ones */
	uint64_t features;		     /* negotiated */
	unsigned messages;		     /* of MSI-X; MMIO: 1 */
	uint32_t notify_multiplier;
	unsigned gsi;
};

/* Looks for the first device of kind ID. CMDLINE names MMIO devices
 * (virtio_mmio.device=SIZE@BASE:IRQ). 0, -ENODEV, or what went wrong. */
must_check int virtio_mmio_find(struct virtio_device *device, uint32_t id, const char *cmdline);
must_check int virtio_pci_find(struct virtio_device *device, uint32_t id);

/* Reset, negotiation of VERSION_1 and those of WANTED that the device has (device->features). 0 or
 * -EIO. */
must_check int virtio_begin(struct virtio_device *device, uint64_t wanted);

/* Creates queue INDEX with at most SIZE descriptors, a power of two; its interrupts use MESSAGE and
 * are on. 0, -ENODEV, -EIO or -ENOMEM. */
must_check int virtq_create(struct virtio_device *device, struct virtq *queue, uint16_t index,
			    uint16_t size, unsigned message);

/* The device may use the queues from now on. */
void virtio_ready(struct virtio_device *device);

/* Makes descriptor HEAD (and its chain) available; the device learns of it by virtq_kick, if it
 * wants to. */
void virtq_push(struct virtq *queue, uint16_t head);
void virtq_kick(struct virtq *queue);

/* No interrupts from QUEUE, please; the device may still send some. */
void virtq_mask(struct virtq *queue);

/* An interrupt once COUNT (at least 1) more elements are used than were taken; without EVENT_IDX at
 * any. True: there are already, and perhaps no interrupt comes. */
bool virtq_unmask(struct virtq *queue, uint16_t count);

/* Takes the next used element: true and *ID (< size, else the device lies: -1 as UINT32_MAX) and
 * *LEN. */
bool virtq_pop(struct virtq *queue, uint32_t *id, uint32_t *len);
bool virtq_has_used(const struct virtq *queue);
/* How many virtq_pop would give; nonsense when the device lies. */
uint16_t virtq_used_count(const struct virtq *queue);

#endif /* DRIVERS_VIRTIO_H */
