/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The network card with a packet socket as its back end, and the guest's side of its queues and
 * registers.
 */
#ifndef TEST_NET_FIXTURE_H
#define TEST_NET_FIXTURE_H

#include "uhyve/virtio_net.h"

#include "virtio_guest.h"

#include <linux/virtio_config.h>

#define SIZE	 16u
#define RX_QUEUE 0x10000u
#define TX_QUEUE 0x20000u
#define BUFFERS	 0x40000u
#define BUFFER	 0x1000u
#define VERSION	 (1ull << VIRTIO_F_VERSION_1)
#define MERGE	 (1ull << VIRTIO_NET_F_MRG_RXBUF)
#define EVENTS	 (1ull << VIRTIO_RING_F_EVENT_IDX)
#define STATUS_FEATURES                                                                            \
	(VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK)
#define STATUS_READY (STATUS_FEATURES | VIRTIO_CONFIG_S_DRIVER_OK)

struct fixture {
	struct guest_mem mem;
	struct guest_queue rx, tx;
	struct virtio_net *net;
	int peer;
};

void fixture_init(struct fixture *f);
void fixture_free(struct fixture *f);

uint32_t read32(struct fixture *f, uint64_t offset);
void write32(struct fixture *f, uint64_t offset, uint32_t value);
void set_queue(struct fixture *f, unsigned index, const struct virtqueue_layout *layout);
/* A driver's first steps, to FEATURES_OK; and all of them, with the queues rx and tx. */
void set_features(struct fixture *f, uint64_t features);
void drive(struct fixture *f, uint64_t features);

/* Buffer NUMBER of the receive queue is free, with LENGTH bytes. */
void offer(struct fixture *f, uint16_t number, uint32_t length);

#endif /* TEST_NET_FIXTURE_H */
