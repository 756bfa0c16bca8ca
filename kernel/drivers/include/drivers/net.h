/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network cards: what the stack (kernel/net) sees of a card, and what a card's driver may expect of
 * the stack. Ethernet frames without FCS, at most one card.
 *
 * Buffers are not copied: the buffers of a received frame are lent to the stack until it releases
 * each of them, a frame to send is lent to the card until the driver calls `done`. All memory to
 * send from is in the physmap (heap, frames, pinned pages by mm_phys_to_virt) or in the kernel's
 * image, not on a kernel stack.
 *
 * Context. `transmit`, `poll`, `unmask` and `start` are called in task context by one task at a
 * time per queue (the stack serialises). `net_receiver.ready` is called from the interrupt handler,
 * with that queue's interrupt masked; the stack then calls `poll` from a task until it returns less
 * than its budget, and `unmask`. `release` and `done` may be called from any task, also from within
 * `receive` and `transmit`.
 *
 * Frames that were sent cause no interrupt, unless `transmit` has returned -EAGAIN: they are
 * completed (`done`) in `poll`, also with a budget of 0, and in later calls of `transmit`.
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
#define NET_RX_LARGE	(1u << 4) /* frames of up to NET_FRAME_MAX bytes, merged by the host */

/* No received frame is longer, whatever the card says. */
#define NET_FRAME_MAX 65535u

/*
 * A piece of a received frame. Belongs to the driver; lent until `release` is called for it,
 * exactly once, for each piece on its own and in any order. The stack may change the data and,
 * while the buffer is lent, use `room` for whatever it likes.
 */
#define NET_BUFFER_ROOM	      72u
#define NET_FRAME_CHECKSUM_OK 1u /* TCP's or UDP's checksum needs no check */
struct net_buffer {
	struct net_buffer *next; /* of the same frame; NULL: the last one */
	uint8_t *data;
	uint32_t length;
	uint32_t frame_length; /* in the first buffer: of all of them */
	uint32_t flags;	       /* in the first buffer: NET_FRAME_* */
	uint32_t id;	       /* the driver's */
	void (*release)(struct net_buffer *buffer);
	uint64_t room[NET_BUFFER_ROOM / sizeof(uint64_t)];
};

struct net_segment {
	const void *data;
	uint32_t length;
};

/* In front of a frame to send that says `headroom`: bytes that the driver may overwrite. */
#define NET_TRANSMIT_HEADROOM 16u

/* A frame to send. */
struct net_transmit {
	const struct net_segment *segments; /* none empty; only read during the call */
	unsigned count;
	uint16_t checksum_start;  /* the checksum covers the frame from here on ... */
	uint16_t checksum_offset; /* ... and goes here, from checksum_start; 0: none to fill in */
	uint16_t header_length;	  /* Ethernet, IP and TCP headers, for segmentation */
	uint16_t segment_size;	  /* payload per segment; 0: send as it is */
	bool ipv6;
	/* The NET_TRANSMIT_HEADROOM bytes in front of the first segment are memory of the same kind
	 * that is lent, too: spares the card a descriptor. */
	bool headroom;
	/* The card has done with the data. May be called within `transmit`. NULL: nobody cares. */
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
	void (*ready)(struct net_device *device, unsigned queue); /* interrupt context */
	/* From poll. Takes over all buffers of the frame. */
	void (*receive)(struct net_device *device, unsigned queue, struct net_buffer *frame);
	void (*writable)(struct net_device *device, unsigned queue); /* from poll */
	void (*link)(struct net_device *device); /* it has changed; interrupt context */
};

struct net_device {
	const struct net_device_ops *ops;
	const struct net_receiver *receiver;
	const char *name; /* of the driver: "virtio-net" */
	uint8_t mac[NET_MAC_SIZE];
	uint16_t mtu;	     /* payload of a frame: 1500 */
	unsigned features;   /* NET_* */
	unsigned queues_max; /* pairs that the card and the CPUs have, at least 1 */
	unsigned queues;     /* pairs in use: 1, unless the stack says more before `start` */
	/* Counted by `poll`, one more for each frame: lost because memory was short, and damaged or
	 * of a form that the card must not hand over. */
	uint64_t rx_dropped, rx_errors;
};

/* Finds the machine's card: virtio over MMIO or PCI, e1000, rtl8139. CMDLINE names MMIO devices.
 * The device, or NULL when there is none or it cannot be used (the log says why). Once, by one
 * task. */
struct net_device *net_device_find(const char *cmdline);

#endif /* DRIVERS_NET_H */
