/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio network card over MMIO (virtio 1.2, 4.2.2), to be driven by the kernel's driver: the
 * registers, and the device's side of the queues, honest by default.
 */
#ifndef UNIT_DRIVERS_VIRTIO_DEVICE_H
#define UNIT_DRIVERS_VIRTIO_DEVICE_H

#include "host.h"

#define VDEV_CMDLINE "virtio_mmio.device=512@0xfeb00000:5"
#define VDEV_QUEUES  5u
#define VDEV_RX	     0u
#define VDEV_TX	     1u

/* As the specification names the fields; a copy of the driver's would hide a mistake in it. */
struct vdev_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct vdev_queue {
	uint64_t desc, avail, used; /* guest-physical */
	uint32_t size;
	bool ready;
	uint16_t seen; /* available entries taken so far */
	uint16_t used_index;
};

struct vdev {
	uint64_t features, accepted;
	uint32_t status, queue_max, interrupt_status;
	uint16_t link, mtu;
	uint16_t pairs;	    /* that the card has */
	uint16_t pairs_set; /* that the driver wants; 0: it has not said */
	uint8_t answer;	    /* to commands; 0: yes */
	uint8_t mac[6];
	struct vdev_queue queues[VDEV_QUEUES];
	unsigned notified[VDEV_QUEUES];
	unsigned interrupts; /* that the queues have asked for */
	/* internal */
	uint32_t features_select, accepted_select, queue_select;
};

extern struct vdev vdev;

/* A fresh card with FEATURES (VERSION_1 is added) and queues of SIZE descriptors. */
void vdev_init(uint64_t features, uint32_t size);

/* Gives back the buffers that the driver has posted; the card is gone then. */
void vdev_destroy(void);

/* Where the driver reads and writes guest memory. */
void *vdev_memory(uint64_t address);

struct vdev_desc *vdev_desc(unsigned queue, uint16_t index);

/* Takes the next available chain: its head, or -1. */
int vdev_take(unsigned queue);

/* How many the driver has made available and the device has not taken. */
uint16_t vdev_available(unsigned queue);

/* Returns a chain; interrupts when the driver wants it. */
void vdev_return(unsigned queue, uint32_t id, uint32_t length);

/* The driver gets FRAME of SIZE bytes behind HEADER (12 bytes); false: no buffers. */
bool vdev_receive(const void *header, const void *frame, size_t size);

/* Takes what the driver sends into OUT (header and frame): bytes, 0: nothing. */
size_t vdev_send(uint8_t *out, size_t capacity);

#endif /* UNIT_DRIVERS_VIRTIO_DEVICE_H */
