/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See net_ring.h. The receive ring is always full, as in virtio_net_rx.c: a buffer that goes to the
 * stack is replaced first, or the frame is dropped. Descriptors of a frame to send are given to the
 * card last to first, so that it never sees a part of a frame. Interrupts as in virtio_net.c.
 * Lengths that the card reports are checked; indexes are the driver's own.
 */
#include "net_ring.h"

#include <arch/io.h>
#include <asm/errno.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <lib/assert.h>
#include <mm/frame.h>
#include <mm/heap.h>

#include "net_pool.h"

#define ETHERNET_HEADER 14u
#define REGISTERS_SIZE	0x20000u

static struct net_ring_card *card_of(struct net_device *device)
{
	return container_of(device, struct net_ring_card, device);
}

static void *desc(const struct net_ring *ring, unsigned index)
{
	return ring->descs + (size_t)index * NET_RING_DESC_SIZE;
}

static unsigned after(const struct net_ring *ring, unsigned index, unsigned steps)
{
	return (index + steps) & (ring->size - 1);
}

static unsigned end_of_ring(const struct net_ring *ring, unsigned index)
{
	return index == ring->size - 1 ? NET_RING_END : 0;
}

static void give_buffer(struct net_ring_card *card, unsigned index, struct net_buffer *buffer)
{
	card->buffers[index] = buffer;
	card->ops->rx_give(desc(&card->rx, index), net_dma_address(buffer->data),
			   end_of_ring(&card->rx, index));
}

/* Takes the frame out of the next descriptor; NULL: lost. */
static struct net_buffer *take_frame(struct net_ring_card *card, uint32_t length)
{
	unsigned index = card->rx.next;
	struct net_buffer *frame = card->buffers[index], *spare = NULL;

	if (length < ETHERNET_HEADER || length > NET_RING_BUFFER)
		card->device.rx_errors++;
	else if (!(spare = net_pool_take(1)))
		card->device.rx_dropped++;
	give_buffer(card, index, spare ? spare : frame);
	card->rx.next = after(&card->rx, index, 1);
	if (!spare)
		return NULL;
	frame->length = frame->frame_length = length;
	frame->next = NULL;
	return frame;
}

static unsigned receive(struct net_ring_card *card, unsigned budget)
{
	struct net_device *device = &card->device;
	unsigned count = 0;
	uint32_t length;

	for (; count < budget && card->ops->rx_done(desc(&card->rx, card->rx.next), &length);
	     count++) {
		struct net_buffer *frame;

		atomic_thread_fence(memory_order_acquire); /* the descriptor before the data */
		frame = take_frame(card, length);
		if (frame)
			device->receiver->receive(device, 0, frame);
	}
	/* All but one: a ring that is all the card's would look like one that is all ours. */
	if (count)
		card->ops->rx_tell(card, after(&card->rx, card->rx.next, card->rx.size - 1));
	return count;
}

static unsigned tx_used(const struct net_ring_card *card)
{
	return (card->tx.next - card->tx_oldest) & (card->tx.size - 1);
}

static bool oldest_is_sent(const struct net_ring_card *card)
{
	unsigned last = after(&card->tx, card->tx_oldest, card->slots[card->tx_oldest].count - 1);

	return tx_used(card) && card->ops->tx_done(desc(&card->tx, last));
}

static void complete(struct net_ring_card *card)
{
	while (oldest_is_sent(card)) {
		struct net_ring_slot slot = card->slots[card->tx_oldest];

		card->tx_oldest = after(&card->tx, card->tx_oldest, slot.count);
		if (slot.done)
			slot.done(slot.cookie);
	}
}

static unsigned tx_room(const struct net_ring_card *card)
{
	return card->tx.size - 1 - tx_used(card);
}

static bool acceptable(const struct net_ring_card *card, const struct net_transmit *frame)
{
	uint32_t length = 0;

	if (!frame->count || frame->count >= card->tx.size || frame->checksum_offset ||
	    frame->segment_size)
		return false;
	for (unsigned i = 0; i < frame->count; i++) {
		if (!frame->segments[i].length ||
		    frame->segments[i].length > NET_RING_FRAME_MAX - length)
			return false;
		length += frame->segments[i].length;
	}
	return true;
}

/* For a stopped queue: an interrupt when something is sent. True: something is already. */
static bool rearm(struct net_ring_card *card, unsigned reasons)
{
	card->ops->interrupts(card, reasons | NET_RING_TX);
	arch_mb();
	return oldest_is_sent(card);
}

static bool make_room(struct net_ring_card *card, unsigned count)
{
	if (tx_room(card) < card->tx.size / 2)
		complete(card);
	if (tx_room(card) >= count)
		return true;
	card->ops->tx_tell(card, card->tx.next); /* the last one may have said that more follows */
	complete(card);
	if (tx_room(card) >= count)
		return true;
	WRITE_ONCE(card->stopped, true);
	if (atomic_load_explicit(&card->masked, memory_order_acquire))
		return false; /* unmask will look */
	while (rearm(card, NET_RING_RX)) {
		complete(card);
		if (tx_room(card) < count)
			continue;
		WRITE_ONCE(card->stopped, false);
		card->ops->interrupts(card, NET_RING_RX);
		return true;
	}
	return false;
}

static void give_frame(struct net_ring_card *card, const struct net_transmit *frame)
{
	unsigned first = card->tx.next;

	card->slots[first] = (struct net_ring_slot){frame->done, frame->cookie, frame->count};
	for (unsigned i = frame->count; i-- > 0;) {
		unsigned index = after(&card->tx, first, i);
		unsigned position = end_of_ring(&card->tx, index);

		position |= i == 0 ? NET_RING_FIRST : 0;
		position |= i == frame->count - 1 ? NET_RING_LAST : 0;
		card->ops->tx_give(desc(&card->tx, index), net_dma_address(frame->segments[i].data),
				   frame->segments[i].length, position);
	}
	card->tx.next = after(&card->tx, first, frame->count);
}

static int transmit(struct net_device *device, unsigned queue, const struct net_transmit *frame,
		    bool more)
{
	struct net_ring_card *card = card_of(device);

	(void)queue;
	if (!acceptable(card, frame))
		return -EINVAL;
	if (card->stopped || !make_room(card, frame->count))
		return -EAGAIN;
	give_frame(card, frame);
	if (!more)
		card->ops->tx_tell(card, card->tx.next);
	return 0;
}

static unsigned poll(struct net_device *device, unsigned queue, unsigned budget)
{
	struct net_ring_card *card = card_of(device);
	unsigned count = receive(card, budget);

	complete(card);
	if (card->stopped && tx_room(card) >= card->tx.size / 2) {
		WRITE_ONCE(card->stopped, false);
		device->receiver->writable(device, queue);
	}
	return count;
}

static bool rx_pending(const struct net_ring_card *card)
{
	uint32_t length;

	return card->ops->rx_done(desc(&card->rx, card->rx.next), &length);
}

static bool mask(struct net_ring_card *card)
{
	if (atomic_exchange_explicit(&card->masked, true, memory_order_acq_rel))
		return false;
	card->ops->interrupts(card, 0);
	return true;
}

static bool unmask(struct net_device *device, unsigned queue)
{
	struct net_ring_card *card = card_of(device);
	bool pending;

	(void)queue;
	atomic_store_explicit(&card->masked, false, memory_order_release);
	if (card->stopped) {
		pending = rearm(card, NET_RING_RX);
	} else {
		card->ops->interrupts(card, NET_RING_RX);
		arch_mb();
		pending = false;
	}
	return (pending || rx_pending(card)) && mask(card);
}

static void interrupt(void *argument)
{
	struct net_ring_card *card = argument;
	struct net_device *device = &card->device;
	unsigned reasons = card->ops->acknowledge(card);

	if ((reasons & (NET_RING_RX | NET_RING_TX)) && mask(card))
		device->receiver->ready(device, 0);
	if (reasons & NET_RING_LINK)
		device->receiver->link(device);
}

static int start(struct net_device *device)
{
	struct net_ring_card *card = card_of(device);
	struct net_buffer *buffer = net_pool_take(card->rx.size), *next;
	int vector;

	if (!buffer)
		return -ENOMEM;
	for (unsigned i = 0; i < card->rx.size; i++, buffer = next) {
		next = buffer->next;
		give_buffer(card, i, buffer);
	}
	net_pool_keep(2 * card->rx.size);
	vector = irq_alloc(interrupt, card);
	if (vector >= 0)
		vector = pci_route_intx(card->pci, (unsigned)vector);
	if (vector < 0)
		return vector;
	card->ops->start(card);
	card->ops->rx_tell(card, card->rx.size - 1);
	card->ops->interrupts(card, NET_RING_RX);
	return 0;
}

static bool link_up(struct net_device *device)
{
	struct net_ring_card *card = card_of(device);

	return card->ops->link_up(card);
}

const struct net_device_ops net_ring_device_ops = {
	.start = start,
	.transmit = transmit,
	.poll = poll,
	.unmask = unmask,
	.link_up = link_up,
};

static int create_ring(struct net_ring *ring, unsigned size)
{
	_Static_assert(PAGE_SIZE / NET_RING_DESC_SIZE >= 256, "a ring fits into one frame");

	ring->size = size;
	ring->address = mm_frame_alloc(0, MM_ZERO);
	if (ring->address == PADDR_NONE)
		return -ENOMEM;
	ring->descs = mm_phys_to_virt(ring->address);
	return 0;
}

int net_ring_init(struct net_ring_card *card, struct pci_address pci, unsigned bar,
		  unsigned rx_size, unsigned tx_size)
{
	int error = 0;

	ASSERT(MAX(rx_size, tx_size) * NET_RING_DESC_SIZE <= PAGE_SIZE);
	card->pci = pci;
	card->device.ops = &net_ring_device_ops;
	card->device.mtu = 1500;
	card->device.queues = card->device.queues_max = 1;
	pci_enable(pci, true);
	card->registers = pci_map_bar(pci, bar, 0, REGISTERS_SIZE);
	if (!card->registers)
		return -EIO;
	card->buffers = kcalloc(rx_size, sizeof(struct net_buffer *));
	card->slots = kcalloc(tx_size, sizeof(*card->slots));
	error = card->buffers && card->slots ? create_ring(&card->rx, rx_size) : -ENOMEM;
	return error ? error : create_ring(&card->tx, tx_size);
}
