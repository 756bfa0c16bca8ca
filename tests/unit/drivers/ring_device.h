/* SPDX-License-Identifier: BSD-3-Clause */
/* The device's side of e1000 and rtl8139: registers, rings, and one PCI slot that holds the card.
 */
#ifndef UNIT_DRIVERS_RING_DEVICE_H
#define UNIT_DRIVERS_RING_DEVICE_H

#include "host.h"

struct ring_device {
	/* Takes the next receive descriptor for FRAME; SIZE is what the card says of it. False: no
	 * descriptor. */
	bool (*receive)(const void *frame, size_t bytes, size_t size);
	/* Takes a frame that the driver sends: bytes, 0: none. */
	size_t (*send)(uint8_t *out, size_t capacity);
	/* Gives the buffers of the receive ring back to the host. */
	void (*destroy)(void);
	void (*set_link)(bool up);
	/* Is an interrupt pending that is not masked? */
	bool (*interrupts)(void);
	unsigned size; /* of the rings */
};

/* Each puts a fresh card into the slot. */
const struct ring_device *ring_device_e1000(void);
const struct ring_device *ring_device_rtl8139(void);

#endif /* UNIT_DRIVERS_RING_DEVICE_H */
