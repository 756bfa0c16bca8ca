/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio network card, transmit side. A frame is a chain of descriptors from the queue's free list:
 * header, then its segments; or, with headroom in front of the first segment, the header is written
 * there and costs no descriptor. The chain is remembered in `slots`, which the device cannot
 * change. Frames that were sent are completed when the stack polls, and here when half of the queue
 * is in use. The caller (one task at a time per queue) owns all of it.
 */
#include <asm/errno.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <mm/heap.h>

#include "net_pool.h"
#include "virtio_net.h"

#define FRAME_MAX 65550u /* 5.1.6.2: with its Ethernet header */

int virtio_net_tx_create(struct virtio_net_pair *pair, unsigned message)
{
	struct virtio_net_tx *tx = &pair->tx;
	int error = virtq_create(&pair->net->virtio, &tx->queue, (uint16_t)(2 * pair->index + 1),
				 VIRTIO_NET_QUEUE_SIZE, message);
	uint16_t size = tx->queue.size;

	if (error)
		return error;
	tx->slots = kcalloc(size, sizeof(*tx->slots));
	tx->headers = kcalloc(size, sizeof(*tx->headers));
	if (!tx->slots || !tx->headers)
		return -ENOMEM;
	for (uint16_t i = 0; i < size; i++)
		tx->slots[i].next = (uint16_t)(i + 1);
	tx->free_head = 0;
	tx->free_count = size;
	virtq_mask(&tx->queue);
	return 0;
}

static void complete(struct virtio_net_tx *tx, uint32_t id)
{
	struct virtio_net_tx_slot first = tx->slots[id];
	uint16_t last = (uint16_t)id;

	for (unsigned i = 1; i < first.count; i++)
		last = tx->slots[last].next;
	tx->slots[last].next = tx->free_head;
	tx->slots[id].count = 0;
	tx->free_head = (uint16_t)id;
	tx->free_count = (uint16_t)(tx->free_count + first.count);
	tx->frames--;
	if (first.done)
		first.done(first.cookie);
}

static void reap(struct virtio_net_tx *tx)
{
	uint32_t id, length;

	/* A descriptor that is not the first of a frame under way: the device lies. */
	while (virtq_pop(&tx->queue, &id, &length))
		if (id != UINT32_MAX && tx->slots[id].count)
			complete(tx, id);
}

/* How much room must be there before the stack is told to go on. */
static uint16_t room_wanted(const struct virtio_net_tx *tx)
{
	return tx->queue.size / 2;
}

bool virtio_net_tx_rearm(struct virtio_net_tx *tx)
{
	return virtq_unmask(&tx->queue, (uint16_t)MAX(tx->frames / 2, 1));
}

void virtio_net_tx_poll(struct virtio_net_pair *pair)
{
	struct virtio_net_tx *tx = &pair->tx;
	struct net_device *device = &pair->net->device;

	reap(tx);
	if (tx->stopped && tx->free_count >= room_wanted(tx)) {
		WRITE_ONCE(tx->stopped, false);
		virtq_mask(&tx->queue);
		device->receiver->writable(device, pair->index);
	}
}

/* Can the card send FRAME at all? */
static bool acceptable(const struct net_device *device, const struct net_transmit *frame)
{
	unsigned offload = frame->ipv6 ? NET_TX_TSO6 : NET_TX_TSO4;
	uint32_t length = 0;

	for (unsigned i = 0; i < frame->count; i++) {
		uint32_t part = frame->segments[i].length;

		if (!part || part > FRAME_MAX - length) /* a device refuses empty descriptors */
			return false;
		length += part;
	}
	if (!frame->count)
		return false;
	if (frame->checksum_offset && !(device->features & NET_TX_CHECKSUM))
		return false;
	return !frame->segment_size || ((device->features & offload) && frame->checksum_offset &&
					frame->header_length < length);
}

static struct virtio_net_header make_header(const struct net_transmit *frame)
{
	struct virtio_net_header header = {0};

	if (frame->checksum_offset) {
		header.flags = VIRTIO_NET_HEADER_CHECKSUM;
		header.checksum_start = frame->checksum_start;
		header.checksum_offset = frame->checksum_offset;
	}
	if (frame->segment_size) {
		header.gso_type = frame->ipv6 ? VIRTIO_NET_GSO_TCP6 : VIRTIO_NET_GSO_TCP4;
		header.gso_size = frame->segment_size;
		header.header_length = frame->header_length;
	}
	return header;
}

/* Fills the next free descriptor; more follow. */
static void add(struct virtio_net_tx *tx, paddr_t address, uint32_t length)
{
	uint16_t id = tx->free_head;

	tx->free_head = tx->slots[id].next;
	tx->free_count--;
	tx->queue.desc[id] = (struct virtq_desc){
		.addr = address,
		.len = length,
		.flags = VIRTQ_DESC_NEXT,
		.next = tx->free_head,
	};
}

static void queue_frame(struct virtio_net_tx *tx, const struct net_transmit *frame, unsigned count)
{
	const struct virtio_net_header header = make_header(frame);
	paddr_t first = net_dma_address(frame->segments[0].data);
	uint16_t head = tx->free_head, last = head;

	tx->slots[head].count = (uint16_t)count;
	tx->slots[head].done = frame->done;
	tx->slots[head].cookie = frame->cookie;
	if (frame->headroom) {
		first -= sizeof(header);
		memcpy((void *)((uintptr_t)frame->segments[0].data - sizeof(header)), &header,
		       sizeof(header));
		add(tx, first, frame->segments[0].length + (uint32_t)sizeof(header));
	} else {
		tx->headers[head] = header;
		add(tx, net_dma_address(&tx->headers[head]), sizeof(header));
		last = tx->free_head;
		add(tx, first, frame->segments[0].length);
	}
	for (unsigned i = 1; i < frame->count; i++) {
		last = tx->free_head;
		add(tx, net_dma_address(frame->segments[i].data), frame->segments[i].length);
	}
	tx->queue.desc[last].flags = 0;
	tx->frames++;
	virtq_push(&tx->queue, head);
}

/* Makes room for COUNT descriptors; false: `writable` will be called. */
static bool make_room(struct virtio_net_tx *tx, unsigned count)
{
	if (tx->free_count < tx->queue.size / 2)
		reap(tx);
	if (tx->free_count >= count)
		return true;
	WRITE_ONCE(tx->stopped, true);
	virtq_kick(&tx->queue); /* the last one may have said that more follows */
	while (virtio_net_tx_rearm(tx)) {
		reap(tx);
		if (tx->free_count < count)
			continue;
		WRITE_ONCE(tx->stopped, false);
		virtq_mask(&tx->queue);
		return true;
	}
	return false;
}

int virtio_net_transmit(struct net_device *device, unsigned queue, const struct net_transmit *frame,
			bool more)
{
	struct virtio_net *net = container_of(device, struct virtio_net, device);
	struct virtio_net_tx *tx = &net->pairs[queue].tx;
	unsigned count = frame->count + !frame->headroom;

	ASSERT(queue < device->queues);
	if (count > tx->queue.size || !acceptable(device, frame))
		return -EINVAL;
	if (tx->stopped || !make_room(tx, count))
		return -EAGAIN;
	queue_frame(tx, frame, count);
	if (!more)
		virtq_kick(&tx->queue);
	return 0;
}
