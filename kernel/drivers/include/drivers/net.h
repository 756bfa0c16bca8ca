/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network cards: what the stack (kernel/net) sees of a card, and what a card's driver may expect of
 * the stack. Ethernet frames without FCS, at most one card.
 *
 * Buffers are not copied: a received frame is lent to the stack until it calls `release`, a frame
 * to send is lent to the card until the driver calls `done`. All memory is kernel memory in the
 * physmap or memory that `transmit` can translate page by page.
 *
 * Context. `transmit`, `poll`, `unmask` and `start` are called in task context by one task at a
 * time per queue (the stack serialises). `net_receiver.ready` is called from the interrupt handler,
 * with that queue's interrupt masked; the stack then calls `poll` from a task until it returns less
 * than its budget, and `unmask`. `release` and `done` may be called from any task.
 */
#ifndef DRIVERS_NET_H
#define DRIVERS_NET_H

#include <lib/compiler.h>
#include <lib/types.h>

#define NET_MAC_SIZE 6u

/* What the card does by itself: net_device.features. */
#define NET_TX_CHECKSUM (1u << 0) /* fills in the checksum of net_transmit.checksum_* */
#define NET_TX_TSO4	(1u << 1) /* cuts TCP over IPv4 into segments */
#define NET_TX_TSO6	(1u << 2)
#define NET_RX_CHECKSUM (1u << 3) /* may set NET_FRAME_CHECKSUM_OK */
#define NET_RX_LARGE	(1u << 4) /* frames of up to 64 KiB, merged by the host, may arrive */

struct net_segment {
	void *data;
	uint32_t length;
};

/* A received frame. Belongs to the driver; lent until `release` is called, exactly once. */
#define NET_FRAME_SEGMENTS    20u
#define NET_FRAME_CHECKSUM_OK 1u /* TCP's or UDP's checksum needs no check */
struct net_frame {
	struct net_segment segments[NET_FRAME_SEGMENTS];
	uint16_t count;
	uint16_t flags;	 /* NET_FRAME_* */
	uint32_t length; /* sum of the segments */
	void (*release)(struct net_frame *frame);
};

/* A frame to send. */
struct net_transmit {
	const struct net_segment *segments; /* only read during the call */
	unsigned count;
	uint16_t checksum_start;  /* the checksum covers the frame from here on ... */
	uint16_t checksum_offset; /* ... and goes here, from checksum_start; 0: none to fill in */
	uint16_t header_length;	  /* Ethernet, IP and TCP headers, for segmentation */
	uint16_t segment_size;	  /* payload per segment; 0: send as it is */
	bool ipv6;
	/* The card has done with the data. May be called within `transmit`. */
	void (*done)(void *cookie);
	void *cookie;
};

struct net_device;

struct net_device_ops {
	/* Begins to receive into the ring; interrupts unmasked. 0 or -errno. */
	int (*start)(struct net_device *device);
	/* Queues a frame. MORE: another follows at once, the card need not be told yet. 0, or
	 * -EAGAIN: the ring is full (`writable` is called later), -EINVAL: the card cannot send
	 * such a frame. `done` is called only when it returned 0. */
	int (*transmit)(struct net_device *device, unsigned queue, const struct net_transmit *frame,
			bool more);
	/* Hands up to BUDGET received frames to the receiver, completes sent ones, refills the
	 * ring. How many frames were received. */
	unsigned (*poll)(struct net_device *device, unsigned queue, unsigned budget);
	/* Interrupts of QUEUE on again. True: something has arrived meanwhile, poll again (the
	 * interrupt stays masked then). */
	bool (*unmask)(struct net_device *device, unsigned queue);
	bool (*link_up)(struct net_device *device);
};

/* Set by the stack before `start`. */
struct net_receiver {
	void (*ready)(struct net_device *device, unsigned queue);	     /* interrupt context */
	void (*receive)(struct net_device *device, struct net_frame *frame); /* from poll */
	void (*writable)(struct net_device *device, unsigned queue);	     /* from poll */
	void (*link)(
		struct net_device *device); /* the link's state has changed; interrupt context */
};

struct net_device {
	const struct net_device_ops *ops;
	const struct net_receiver *receiver;
	const char *name; /* of the driver: "virtio-net" */
	uint8_t mac[NET_MAC_SIZE];
	uint16_t mtu;	   /* payload of a frame: 1500 */
	unsigned features; /* NET_* */
	unsigned queues;   /* pairs, at least 1 */
};

/* Finds the machine's card: virtio over MMIO or PCI, e1000, rtl8139. CMDLINE names MMIO devices.
 * The device, or NULL when there is none or it cannot be used (the log says why). */
struct net_device *net_device_find(const char *cmdline);

#endif /* DRIVERS_NET_H */
