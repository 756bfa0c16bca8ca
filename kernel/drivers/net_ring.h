/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Network cards with one ring of descriptors for each direction: what e1000 and rtl8139 have in
 * common. Each driver brings its descriptors' form and its registers in a table. Private to this
 * folder.
 */
#ifndef DRIVERS_NET_RING_H
#define DRIVERS_NET_RING_H

#include <drivers/net.h>
#include <stdatomic.h>

#include "pci.h"

#define NET_RING_DESC_SIZE 16u
#define NET_RING_BUFFER	   2048u /* what the card may write into a buffer of net_pool.h */
#define NET_RING_FRAME_MAX 1518u /* Ethernet header, a VLAN tag and 1500 bytes */

/* Position of a descriptor: in its frame, in its ring. */
#define NET_RING_FIRST 1u
#define NET_RING_LAST  2u
#define NET_RING_END   4u

/* Reasons of interrupts. */
#define NET_RING_RX   1u
#define NET_RING_TX   2u
#define NET_RING_LINK 4u

struct net_ring_card;

struct net_ring_ops {
	/* Fills in a descriptor, which then belongs to the card. POSITION: NET_RING_END or 0. */
	void (*rx_give)(void *desc, paddr_t buffer, unsigned position);
	/* Has the card given it back? *LENGTH of the frame without FCS, 0: it is damaged. */
	bool (*rx_done)(const void *desc, uint32_t *length);
	void (*tx_give)(void *desc, paddr_t data, uint32_t length, unsigned position);
	/* Has the card given back the last descriptor of a frame? */
	bool (*tx_done)(const void *desc);
	/* Receive descriptors up to index NEXT (not included) are the card's. */
	void (*rx_tell)(struct net_ring_card *card, unsigned next);
	/* The same for frames to send. */
	void (*tx_tell)(struct net_ring_card *card, unsigned next);
	/* Interrupts for REASONS of these and for the link only. */
	void (*interrupts)(struct net_ring_card *card, unsigned reasons);
	/* Why the card interrupts, 0: it does not. Acknowledges it. */
	unsigned (*acknowledge)(struct net_ring_card *card);
	/* The rings are there: receives and sends from now on. */
	void (*start)(struct net_ring_card *card);
	bool (*link_up)(struct net_ring_card *card);
};

struct net_ring {
	uint8_t *descs;
	paddr_t address;
	unsigned size; /* descriptors, a power of two */
	unsigned next; /* receive: to be given back next; transmit: to be filled next */
};

struct net_ring_slot {
	void (*done)(void *cookie);
	void *cookie;
	unsigned count; /* descriptors of the frame that starts here */
};

struct net_ring_card {
	struct net_device device;
	const struct net_ring_ops *ops;
	struct pci_address pci;
	uintptr_t registers;
	_Atomic bool masked; /* the stack polls */
	bool stopped;	     /* transmit has returned -EAGAIN */
	struct net_ring rx, tx;
	struct net_buffer **buffers; /* of the receive descriptors */
	struct net_ring_slot *slots; /* of the transmit descriptors */
	unsigned tx_oldest;	     /* first descriptor of the oldest frame that the card has */
};

/* net_device_ops of all such cards. */
extern const struct net_device_ops net_ring_device_ops;

/* Prepares CARD, found at PCI with its registers in BAR number BAR: rings of RX_SIZE and TX_SIZE
 * descriptors. 0 or -errno. */
must_check int net_ring_init(struct net_ring_card *card, struct pci_address pci, unsigned bar,
			     unsigned rx_size, unsigned tx_size);

#endif /* DRIVERS_NET_RING_H */
