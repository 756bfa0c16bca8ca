/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7), for any device.
 *
 * All that the guest writes is hostile, and may change while it is read. The three parts of a queue
 * are checked against the guest's memory once, when it starts; from then on an index selects an
 * element only after it was compared with the queue's size. Each word of guest memory is read once,
 * each descriptor copied once, and what it names goes through guest_mem_at() before anybody sees
 * it. A chain has at most as many descriptors as the queue, so a loop ends. The device's own
 * indices live here, never in guest memory.
 *
 * No locks: the device locks. Nothing blocks.
 */
#ifndef UHYVE_VIRTQUEUE_H
#define UHYVE_VIRTQUEUE_H

#include "common/guest_mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define VIRTQUEUE_SIZE_MAX 256u

/* Where the guest wants it, unchecked. */
struct virtqueue_layout {
	uint64_t desc, avail, used; /* guest-physical */
	uint16_t size;
	uint8_t ready; /* 0 or 1; no bool, as it may come from a checkpoint */
};

/* The device's indices: with the layout, all that has to be saved of a queue. */
struct virtqueue_indices {
	uint16_t next_avail; /* the first entry that has not been taken */
	uint16_t next_used;  /* as the guest sees it */
	uint16_t signalled;  /* next_used when the guest was last told */
};

struct virtqueue {
	const struct guest_mem *mem;
	/* Guest memory; its addresses and the size have been checked. */
	const uint8_t *desc, *avail;
	uint8_t *used;
	uint16_t size; /* a power of two; 0: not started */
	bool event_idx;
	struct virtqueue_indices at;
};

/* Descriptors that belong together, as the guest has made them available. */
struct virtqueue_chain {
	uint16_t head;
	uint16_t pieces;
	uint64_t length; /* of all pieces */
};

/* Starts QUEUE from INDICES (NULL: a new one). 0, -EINVAL: no possible size or alignment, -EFAULT:
 * not in memory. */
int virtqueue_start(struct virtqueue *queue, const struct guest_mem *mem,
		    const struct virtqueue_layout *layout, bool event_idx,
		    const struct virtqueue_indices *indices);

/*
 * Looks at the chain that lies AHEAD entries behind the next one, and puts its pieces into PIECES,
 * ROOM of them (VIRTQUEUE_SIZE_MAX is always enough). WRITABLE: the device may write to all of it,
 * else it may read all. 1, 0: there is none yet, -ENOBUFS: more pieces than ROOM, or -EPROTO: the
 * guest breaks the rules, and the queue is of no use any more.
 */
int virtqueue_peek(const struct virtqueue *queue, unsigned ahead, bool writable,
		   struct iovec *pieces, unsigned room, struct virtqueue_chain *chain);

/* The next COUNT entries are the device's now. */
void virtqueue_take(struct virtqueue *queue, unsigned count);

/* Gives chain HEAD back, with LENGTH bytes written, AHEAD places behind what the guest knows of;
 * and lets it know of COUNT such chains. */
void virtqueue_put(struct virtqueue *queue, unsigned ahead, uint16_t head, uint32_t length);
void virtqueue_publish(struct virtqueue *queue, unsigned count);

/* Does the guest want an interrupt for what was published since the last question? */
bool virtqueue_wants_signal(struct virtqueue *queue);

/* Somebody else has served the queue until now: the used ring says how far. */
void virtqueue_adopt_used(struct virtqueue *queue);

/* The device looks by itself from now on. */
void virtqueue_ignore(struct virtqueue *queue);

/* The device wants to be notified when there are more than SEEN entries. True: there are already.
 */
bool virtqueue_watch(struct virtqueue *queue, unsigned seen);

#endif /* UHYVE_VIRTQUEUE_H */
