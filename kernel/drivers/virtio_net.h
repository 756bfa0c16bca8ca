/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio network card (virtio 1.2, 5.1): wire format, and what its sources share. Private to this
 * folder. */
#ifndef DRIVERS_VIRTIO_NET_H
#define DRIVERS_VIRTIO_NET_H

#include <drivers/net.h>
#include <stdatomic.h>

#include "virtio.h"

/* Feature bits, 5.1.3. */
#define VIRTIO_NET_F_CSUM	(1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VIRTIO_NET_F_MTU	(1ull << 3)
#define VIRTIO_NET_F_MAC	(1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (1ull << 7)
#define VIRTIO_NET_F_GUEST_TSO6 (1ull << 8)
#define VIRTIO_NET_F_HOST_TSO4	(1ull << 11)
#define VIRTIO_NET_F_HOST_TSO6	(1ull << 12)
#define VIRTIO_NET_F_MRG_RXBUF	(1ull << 15)
#define VIRTIO_NET_F_STATUS	(1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ	(1ull << 17)
#define VIRTIO_NET_F_MQ		(1ull << 22)

/* Offsets in the configuration, 5.1.4. */
#define VIRTIO_NET_CONFIG_MAC	 0
#define VIRTIO_NET_CONFIG_STATUS 6
#define VIRTIO_NET_CONFIG_PAIRS	 8
#define VIRTIO_NET_CONFIG_MTU	 10
#define VIRTIO_NET_STATUS_LINK	 1u

/* In front of each frame, 5.1.6. */
struct virtio_net_header {
	uint8_t flags, gso_type;
	uint16_t header_length; /* of the frame, for segmentation */
	uint16_t gso_size;
	uint16_t checksum_start, checksum_offset;
	uint16_t buffers; /* receive: how many the frame takes */
};
_Static_assert(sizeof(struct virtio_net_header) == 12, "virtio 1.2, 5.1.6");
#define VIRTIO_NET_HEADER_CHECKSUM 1u /* to be filled in */
#define VIRTIO_NET_HEADER_VALID	   2u /* the device has checked it */
#define VIRTIO_NET_GSO_TCP4	   1u
#define VIRTIO_NET_GSO_TCP6	   4u

#define VIRTIO_NET_PAIRS_MAX	   0x8000u /* 5.1.4.1 */
#define VIRTIO_NET_QUEUE_SIZE	   1024u   /* at most; the device may have less */

/* Receive queue: each descriptor is one buffer of net_pool.h. Only the first `filled` descriptors
 * are used; there get more of them as load comes. */
struct virtio_net_rx {
	struct virtq queue;
	uint16_t filled;
	struct net_buffer **posted; /* by descriptor; NULL: not with the device */
};

/* Transmit queue: descriptors from a free list, chained for a frame. */
struct virtio_net_tx_slot {
	uint16_t next;	/* free: the next free one; in a chain: the next part */
	uint16_t count; /* first of a chain that the device has: its length; else 0 */
	void (*done)(void *cookie);
	void *cookie;
};

struct virtio_net_tx {
	struct virtq queue;
	struct virtio_net_tx_slot *slots;
	struct virtio_net_header *headers; /* by first descriptor, for frames without headroom */
	uint16_t free_head, free_count;
	uint16_t frames; /* that the device has */
	bool stopped;	 /* transmit has returned -EAGAIN */
};

struct virtio_net_pair {
	struct virtio_net *net;
	unsigned index;
	_Atomic bool masked; /* the stack polls; set by the handler, cleared by unmask */
	struct virtio_net_rx rx;
	struct virtio_net_tx tx;
};

struct virtio_net {
	struct net_device device;
	struct virtio_device virtio;
	struct virtio_net_pair *pairs; /* device.queues of them */
	unsigned pairs_max;	       /* that the device has */
	struct virtq control;	       /* used when device.queues > 1 */
};

/* Creates the control queue. 0 or -errno. */
must_check int virtio_net_control_create(struct virtio_net *net);

/* The device is to use PAIRS queue pairs; it has been told that the queues are ready. 0 or -errno.
 */
must_check int virtio_net_control_pairs(struct virtio_net *net, unsigned pairs);

/* Creates the queue; its interrupts use MESSAGE. 0 or -errno. */
must_check int virtio_net_rx_create(struct virtio_net_pair *pair, unsigned message);
must_check int virtio_net_tx_create(struct virtio_net_pair *pair, unsigned message);

/* Posts the first buffers. 0 or -ENOMEM. */
must_check int virtio_net_rx_fill(struct virtio_net_rx *rx);

/* Hands over up to BUDGET frames; how many. */
unsigned virtio_net_rx_poll(struct virtio_net_pair *pair, unsigned budget);

/* net_device_ops.transmit. */
int virtio_net_transmit(struct net_device *device, unsigned queue, const struct net_transmit *frame,
			bool more);

/* Completes frames that were sent; calls `writable` when there is room again. */
void virtio_net_tx_poll(struct virtio_net_pair *pair);

/* A stopped queue interrupts when there is room. True: there is already. */
bool virtio_net_tx_rearm(struct virtio_net_tx *tx);

#endif /* DRIVERS_VIRTIO_NET_H */
