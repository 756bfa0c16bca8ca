/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The card's frames; see virtio_net.h. Sending: a chain of descriptors is written to the back end
 * as it lies in guest memory. Receiving: as many chains as the largest frame may need are gathered,
 * and the back end's frame is read into them; where there are fewer, it is read into `packet`,
 * and waits there until it fits.
 */
#include "virtio_net.h"

#include "pieces.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Frames in one go: the thread looks at its other events between them. */
#define FRAMES_AT_ONCE 256u
#define FRAME_MIN      14u /* an Ethernet header */

/* The rest of PIECES from byte SKIP on: where it begins. The piece that is cut is kept in SAVED. */
struct cut {
	unsigned index;
	struct iovec saved;
};

static struct cut cut_front(struct iovec *pieces, unsigned count, size_t skip)
{
	struct cut cut = {0};

	while (cut.index < count && skip >= pieces[cut.index].iov_len)
		skip -= pieces[cut.index++].iov_len;
	if (cut.index == count)
		return cut;
	cut.saved = pieces[cut.index];
	pieces[cut.index].iov_base = (uint8_t *)cut.saved.iov_base + skip;
	pieces[cut.index].iov_len -= skip;
	return cut;
}

static void undo_cut(struct iovec *pieces, unsigned count, const struct cut *cut)
{
	if (cut->index < count)
		pieces[cut->index] = cut->saved;
}

/* Copies SIZE bytes of DATA to byte SKIP of PIECES, which have room for them. */
static void copy_to(const struct iovec *pieces, unsigned count, size_t skip, const void *data,
		    size_t size)
{
	struct piece_walk walk = {pieces, count, skip, size};
	const uint8_t *from = data;
	struct iovec part;

	for (; piece_walk_next(&walk, &part); from += part.iov_len)
		memcpy(part.iov_base, from, part.iov_len);
}

/* The guest broke the rules: nothing more until it resets the card. */
static void give_up(struct virtio_net *net)
{
	net->wanted = net->serving = false;
	virtio_mmio_break(&net->mmio);
	pthread_cond_broadcast(&net->changed);
}

/* The back end is gone: the cable is out. */
static void link_down(struct virtio_net *net)
{
	memset(net->mmio.config + offsetof(struct virtio_net_space, status), 0, 2);
	virtio_mmio_config_changed(&net->mmio);
}

/* False: the back end takes no more now. What it does not want is dropped. */
static bool send_frame(struct virtio_net *net, unsigned count, uint64_t length)
{
	const size_t skip = net->config.header ? 0 : VIRTIO_NET_HEADER_SIZE;
	ssize_t done;

	if (length < VIRTIO_NET_HEADER_SIZE + FRAME_MIN || length > VIRTIO_NET_PACKET_MAX)
		return true;
	const struct cut cut = cut_front(net->pieces, count, skip);
	do {
		done = writev(net->config.fd, net->pieces + cut.index, (int)(count - cut.index));
	} while (done < 0 && errno == EINTR);
	const bool full = done < 0 && errno == EAGAIN;
	undo_cut(net->pieces, count, &cut);
	if (!full)
		pcap_add(&net->capture, net->pieces, count, VIRTIO_NET_HEADER_SIZE,
			 length - VIRTIO_NET_HEADER_SIZE);
	return !full;
}

void virtio_net_send_frames(struct virtio_net *net)
{
	struct virtqueue *queue = &net->queue[VIRTIO_NET_TX];
	struct virtqueue_chain chain;
	unsigned frames = 0;
	int got = 1;

	virtqueue_ignore(queue);
	while (!net->blocked && frames < FRAMES_AT_ONCE) {
		got = virtqueue_peek(queue, 0, false, net->pieces, VIRTQUEUE_SIZE_MAX, &chain);
		if (got < 0)
			break;
		if (got == 0 && !virtqueue_watch(queue, 0))
			break;
		if (got == 0) {
			virtqueue_ignore(queue);
			continue;
		}
		net->blocked = !send_frame(net, chain.pieces, chain.length);
		if (net->blocked)
			break;
		virtqueue_take(queue, 1);
		virtqueue_put(queue, 0, chain.head, 0);
		virtqueue_publish(queue, 1);
		frames++;
	}
	if (frames && virtqueue_wants_signal(queue))
		virtio_mmio_signal(&net->mmio);
	if (got < 0)
		give_up(net);
	else
		net->more |= frames == FRAMES_AT_ONCE;
}

/* Room in the guest: the first CHAINS entries of its queue, COUNT pieces. */
struct room {
	unsigned chains, count;
	uint64_t length;
	bool all; /* no more can follow: chains cannot be combined, or it has all its buffers here
		   */
};

/* As much as the largest frame needs, if there is. 0 or -EPROTO. */
static int gather(struct virtio_net *net, struct room *room)
{
	const struct virtqueue *queue = &net->queue[VIRTIO_NET_RX];
	const bool mergeable = net->mmio.state.features & 1ull << VIRTIO_NET_F_MRG_RXBUF;

	*room = (struct room){0};
	while (room->length < VIRTIO_NET_PACKET_MAX && !room->all) {
		struct virtqueue_chain *chain = &net->chains[room->chains];
		int got = virtqueue_peek(queue, room->chains, true, net->pieces + room->count,
					 VIRTQUEUE_SIZE_MAX - room->count, chain);
		if (got == 0)
			return 0;
		if (got == -ENOBUFS) {
			room->all = true;
			return 0;
		}
		if (got < 0 || (mergeable && chain->length < VIRTIO_NET_HEADER_SIZE))
			return -EPROTO;
		room->chains++;
		room->count += chain->pieces;
		room->length += chain->length;
		room->all = !mergeable || room->chains == queue->size;
	}
	return 0;
}

/* LENGTH bytes from the first one of PIECES on were written. */
static void mark(const struct virtio_net *net, uint64_t length)
{
	for (unsigned i = 0; length > 0; i++) {
		const struct iovec *piece = &net->pieces[i];
		const uint64_t part = length < piece->iov_len ? length : piece->iov_len;
		guest_mem_dirtied(net->mem, piece->iov_base, part);
		length -= part;
	}
}

/* LENGTH bytes are in ROOM: says so in the header, and to the guest. */
static void hand_over(struct virtio_net *net, const struct room *room, uint64_t length)
{
	struct virtqueue *queue = &net->queue[VIRTIO_NET_RX];
	uint64_t rest = length;
	uint16_t used = 0;

	pcap_add(&net->capture, net->pieces, room->count, VIRTIO_NET_HEADER_SIZE,
		 length - VIRTIO_NET_HEADER_SIZE);
	while (rest > 0 && used < room->chains) {
		const struct virtqueue_chain *chain = &net->chains[used];
		const uint64_t part = rest < chain->length ? rest : chain->length;
		virtqueue_put(queue, used++, chain->head, (uint32_t)part);
		rest -= part;
	}
	copy_to(net->pieces, room->count, offsetof(struct virtio_net_hdr_v1, num_buffers), &used,
		sizeof(used));
	mark(net, length);
	virtqueue_take(queue, used);
	virtqueue_publish(queue, used);
}

/* Reads a frame, and puts an empty header in front of it where the back end has none. Bytes, with
 * the header; 0: there is none, or the link is gone. */
static size_t read_frame(struct virtio_net *net, struct iovec *pieces, unsigned count)
{
	static const struct virtio_net_hdr_v1 empty;
	const size_t skip = net->config.header ? 0 : VIRTIO_NET_HEADER_SIZE;
	ssize_t got;

	if (skip)
		copy_to(pieces, count, 0, &empty, sizeof(empty));
	const struct cut cut = cut_front(pieces, count, skip);
	do {
		got = readv(net->config.fd, pieces + cut.index, (int)(count - cut.index));
	} while (got < 0 && errno == EINTR);
	const bool gone = got == 0 || (got < 0 && errno != EAGAIN);
	undo_cut(pieces, count, &cut);
	if (gone)
		link_down(net);
	return got > 0 ? (size_t)got + skip : 0;
}

/* Where there is less room than the largest frame may need. False: nothing came, or it waits. */
static bool receive_small(struct virtio_net *net, const struct room *room)
{
	struct iovec whole = {net->packet, sizeof(net->packet)};

	if (!net->pending)
		net->pending = (uint32_t)read_frame(net, &whole, 1);
	if (!net->pending)
		return false;
	if (net->pending <= room->length) {
		copy_to(net->pieces, room->count, 0, net->packet, net->pending);
		hand_over(net, room, net->pending);
	} else if (!room->all) {
		net->starved = true;
		return false;
	}
	net->pending = 0; /* delivered, or it can never be */
	return true;
}

/* One frame. False: there is none, or no room. */
static bool receive_frame(struct virtio_net *net, const struct room *room)
{
	if (net->pending || room->length < VIRTIO_NET_PACKET_MAX)
		return receive_small(net, room);
	const size_t length = read_frame(net, net->pieces, room->count);
	if (length >= VIRTIO_NET_HEADER_SIZE)
		hand_over(net, room, length);
	return length > 0;
}

void virtio_net_receive_frames(struct virtio_net *net)
{
	struct virtqueue *queue = &net->queue[VIRTIO_NET_RX];
	const uint8_t *status = net->mmio.config + offsetof(struct virtio_net_space, status);
	struct room room;
	unsigned frames = 0;
	int err = 0;

	virtqueue_ignore(queue);
	while (*status && !net->starved && frames < FRAMES_AT_ONCE) {
		err = gather(net, &room);
		if (err)
			break;
		if (!room.chains)
			net->starved = true;
		else if (receive_frame(net, &room))
			frames++;
		else if (!net->starved)
			break;
		if (net->starved && virtqueue_watch(queue, room.chains))
			net->starved = false;
	}
	if (frames && virtqueue_wants_signal(queue))
		virtio_mmio_signal(&net->mmio);
	if (err)
		give_up(net);
	else
		net->more |= frames == FRAMES_AT_ONCE;
}
