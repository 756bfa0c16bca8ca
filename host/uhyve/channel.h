/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's side of the shared rings (abi/ring.h). All that the guest writes is hostile: indices
 * are read once, checked against the ring's size, and bytes are copied before anybody looks at
 * them. Everything else (sizes, the host's own indices) lives in this structure, never in guest
 * memory. No locks: one thread owns it.
 */
#ifndef UHYVE_CHANNEL_H
#define UHYVE_CHANNEL_H

#include "common/frame_io.h"

#include <abi/ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct channel_ring {
	uint8_t *data;	/* guest memory */
	uint32_t size;	/* a power of two */
	uint32_t index; /* the host's own: head of to_host, tail of to_guest */
};

struct channel {
	struct hc_shm *shm; /* guest memory */
	struct channel_ring to_host, to_guest;
	bool starved; /* the guest is to tell when it has taken something */
};

/* Smallest memory for two rings of RING_SIZE bytes each. */
size_t channel_memory_size(uint32_t ring_size);

/* Lays the channel out in MEMORY (zeroed guest memory of channel_memory_size bytes, aligned to 64),
 * with I/O port DOORBELL. RING_SIZE: a power of two from HC_SHM_RING_MIN on. */
void channel_init(struct channel *channel, void *memory, uint32_t ring_size, uint32_t doorbell);

/* The host's own knowledge, for a checkpoint. */
struct channel_state {
	uint32_t to_host, to_guest; /* indices */
	uint32_t starved;
};
struct channel_state channel_save(const struct channel *channel);
/* In place of channel_init: MEMORY already is a channel, and the host goes on with STATE. */
void channel_restore(struct channel *channel, void *memory, uint32_t ring_size,
		     const struct channel_state *state);

/* Moves what the guest has sent to READER, as far as that has room. Bytes, -EAGAIN: nothing, or
 * -EPROTO: the guest's index is impossible. */
ssize_t channel_receive(struct channel *channel, struct frame_reader *reader);

/* Puts as much as fits into the guest's ring. Bytes, -EAGAIN: no room (the guest will tell), or
 * -EPROTO. */
ssize_t channel_send(struct channel *channel, const struct iovec *pieces, int count);

/* Tells the guest what the host does: STATE. False when there is something to receive, or to send
 * again. */
bool channel_set_state(struct channel *channel, enum hc_host_state state);

/* Does the guest wait for space, or for its lazy requests? */
bool channel_guest_waits(const struct channel *channel);

#endif /* UHYVE_CHANNEL_H */
