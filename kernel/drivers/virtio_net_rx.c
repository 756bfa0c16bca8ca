/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio network card, receive side. The number of posted buffers starts small, for a fast start,
 * and doubles when the stack finds half of them used at once, up to the queue's size. It never
 * shrinks: a buffer that goes to the stack is replaced first, and when there is no memory for that
 * the frame is dropped and its own buffers are posted again. A frame comes in as many buffers as it
 * needs (mergeable receive buffers, virtio 1.2, 5.1.6.3.2). What the device says about descriptors,
 * lengths and counts is checked: a wrong value costs the frame and nothing else. The caller of poll
 * owns all of it; the interrupt handler only looks.
 */
#include <asm/errno.h>
#include <lib/assert.h>
#include <mm/frame.h>
#include <mm/heap.h>

#include "net_pool.h"
#include "virtio_net.h"

#define ETHERNET_HEADER 14u
#define FILLED_FIRST	64u
/* The largest frame (5.1.6.3.1) in parts. Linux makes none that is longer than NET_FRAME_MAX. */
#define LENGTH_MAX  (NET_FRAME_MAX + (uint32_t)sizeof(struct virtio_net_header))
#define BUFFERS_MAX ((LENGTH_MAX + NET_BUFFER_CAPACITY - 1) / NET_BUFFER_CAPACITY)

int virtio_net_rx_create(struct virtio_net_pair *pair, unsigned message)
{
	struct virtio_net_rx *rx = &pair->rx;
	int error = virtq_create(&pair->net->virtio, &rx->queue, (uint16_t)(2 * pair->index),
				 VIRTIO_NET_QUEUE_SIZE, message);

	if (error)
		return error;
	rx->posted = kcalloc(rx->queue.size, sizeof(struct net_buffer *));
	return rx->posted ? 0 : -ENOMEM;
}

static void post(struct virtio_net_rx *rx, uint32_t id, struct net_buffer *buffer)
{
	rx->posted[id] = buffer;
	rx->queue.desc[id] = (struct virtq_desc){
		.addr = net_dma_address(buffer->data),
		.len = NET_BUFFER_CAPACITY,
		.flags = VIRTQ_DESC_WRITE,
	};
	virtq_push(&rx->queue, (uint16_t)id);
}

/* COUNT more buffers. */
static int fill(struct virtio_net_rx *rx, uint16_t count)
{
	struct net_buffer *buffer = net_pool_take(count), *next;

	for (; buffer; buffer = next) {
		next = buffer->next;
		post(rx, rx->filled++, buffer);
		count--;
	}
	return count ? -ENOMEM : 0;
}

int virtio_net_rx_fill(struct virtio_net_rx *rx)
{
	return fill(rx, MIN(rx->queue.size, (uint16_t)FILLED_FIRST));
}

/* A buffer that the device has used, still in its place. */
struct used_buffer {
	struct net_buffer *buffer; /* NULL: the device lies about the descriptor */
	uint32_t id, length;
};

static struct used_buffer next_used(struct virtio_net_rx *rx)
{
	struct used_buffer used = {0};

	if (virtq_pop(&rx->queue, &used.id, &used.length) && used.id != UINT32_MAX)
		used.buffer = rx->posted[used.id];
	if (used.length > NET_BUFFER_CAPACITY)
		used.length = 0; /* no frame has room in that */
	return used;
}

/* Posts USED again, and COUNT more used buffers. */
static void repost(struct virtio_net_rx *rx, struct used_buffer used, unsigned count)
{
	for (;;) {
		if (used.buffer)
			post(rx, used.id, used.buffer);
		if (!count--)
			return;
		used = next_used(rx);
	}
}

/* How many buffers the frame has that starts with FIRST, 0: it is damaged. The device fills each
 * buffer but the last, so the Ethernet header lies in the first. */
static unsigned buffer_count(const struct virtio_net_pair *pair, const struct used_buffer *first)
{
	const struct virtio_net_header *header;
	unsigned count = 1;

	if (!first->buffer || first->length < sizeof(*header) + ETHERNET_HEADER)
		return 0;
	header = (const void *)first->buffer->data;
	if (pair->net->virtio.features & VIRTIO_NET_F_MRG_RXBUF)
		count = READ_ONCE(header->buffers);
	if (count > BUFFERS_MAX || count > virtq_used_count(&pair->rx.queue) + 1u)
		return 0;
	return count;
}

/* Puts NEW in the place of USED, which becomes a part of the frame. */
static bool exchange(struct virtio_net_rx *rx, struct used_buffer used, struct net_buffer *new)
{
	if (!used.buffer) {
		net_pool_release(new);
		return false;
	}
	post(rx, used.id, new);
	used.buffer->length = used.length;
	used.buffer->next = NULL;
	return true;
}

/* Takes the frame of COUNT buffers that starts with FIRST; SPARE replaces them. NULL: damaged. */
static struct net_buffer *assemble(struct virtio_net_rx *rx, struct used_buffer first,
				   unsigned count, struct net_buffer *spare)
{
	struct net_buffer *frame = first.buffer, *last = NULL, *next;
	bool good = true;

	frame->frame_length = 0;
	for (unsigned i = 0; i < count; i++, spare = next) {
		struct used_buffer used = i ? next_used(rx) : first;

		next = spare->next;
		if (!exchange(rx, used, spare)) {
			good = false;
			continue;
		}
		if (last)
			last->next = used.buffer;
		last = used.buffer;
		frame->frame_length += used.length;
		good &= used.length > 0;
	}
	if (good && frame->frame_length <= LENGTH_MAX)
		return frame;
	net_pool_release_all(frame);
	return NULL;
}

/* The first buffer's header becomes flags. */
static void strip_header(const struct virtio_net_pair *pair, struct net_buffer *frame)
{
	const struct virtio_net_header *header = (const void *)frame->data;

	if ((pair->net->device.features & NET_RX_CHECKSUM) &&
	    (header->flags & (VIRTIO_NET_HEADER_CHECKSUM | VIRTIO_NET_HEADER_VALID)))
		frame->flags = NET_FRAME_CHECKSUM_OK;
	frame->data += sizeof(*header);
	frame->length -= (uint32_t)sizeof(*header);
	frame->frame_length -= (uint32_t)sizeof(*header);
}

static void receive_frame(struct virtio_net_pair *pair)
{
	struct net_device *device = &pair->net->device;
	struct virtio_net_rx *rx = &pair->rx;
	struct used_buffer first = next_used(rx);
	unsigned count = buffer_count(pair, &first);
	struct net_buffer *spare, *frame;

	if (!count) {
		device->rx_errors++;
		repost(rx, first, 0);
		return;
	}
	spare = net_pool_take(count);
	if (!spare) {
		device->rx_dropped++;
		repost(rx, first, count - 1);
		return;
	}
	frame = assemble(rx, first, count, spare);
	if (!frame) {
		device->rx_errors++;
		return;
	}
	strip_header(pair, frame);
	device->receiver->receive(device, pair->index, frame);
}

unsigned virtio_net_rx_poll(struct virtio_net_pair *pair, unsigned budget)
{
	struct virtio_net_rx *rx = &pair->rx;
	bool busy = rx->filled < rx->queue.size && virtq_used_count(&rx->queue) >= rx->filled / 2;
	unsigned count = 0;

	for (; count < budget && virtq_has_used(&rx->queue); count++)
		receive_frame(pair);
	if (count && busy)
		(void)fill(rx, rx->filled); /* without memory it stays as it is */
	if (count)
		virtq_kick(&rx->queue);
	return count;
}
