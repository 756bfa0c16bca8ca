/* SPDX-License-Identifier: BSD-3-Clause */
/* See channel.h. */
#include "channel.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

/* Words that the guest may change at any moment. */
static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

size_t channel_memory_size(uint32_t ring_size)
{
	return HC_SHM_RING_MIN + 2 * (size_t)ring_size;
}

void channel_restore(struct channel *channel, void *memory, uint32_t ring_size,
		     const struct channel_state *state)
{
	uint8_t *bytes = memory;

	*channel = (struct channel){
		.shm = memory,
		.to_host = {bytes + HC_SHM_RING_MIN, ring_size, state->to_host},
		.to_guest = {bytes + HC_SHM_RING_MIN + ring_size, ring_size, state->to_guest},
		.starved = state->starved != 0,
	};
}

struct channel_state channel_save(const struct channel *channel)
{
	return (struct channel_state){.to_host = channel->to_host.index,
				      .to_guest = channel->to_guest.index,
				      .starved = channel->starved};
}

void channel_init(struct channel *channel, void *memory, uint32_t ring_size, uint32_t doorbell)
{
	const struct channel_state start = {0};

	channel_restore(channel, memory, ring_size, &start);
	*channel->shm = (struct hc_shm){
		.magic = HC_SHM_MAGIC,
		.version = HC_SHM_VERSION,
		.doorbell = doorbell,
		.to_host_offset = HC_SHM_RING_MIN,
		.to_host_size = ring_size,
		.to_guest_offset = HC_SHM_RING_MIN + ring_size,
		.to_guest_size = ring_size,
	};
}

/* The longest piece from INDEX on that lies in one stretch, SIZE bytes at most. */
static uint32_t stretch(const struct channel_ring *ring, uint32_t index, uint32_t size)
{
	uint32_t to_end = ring->size - (index & (ring->size - 1));

	return size < to_end ? size : to_end;
}

ssize_t channel_receive(struct channel *channel, struct frame_reader *reader)
{
	struct channel_ring *ring = &channel->to_host;
	uint32_t used = load(&channel->shm->to_host_tail) - ring->index;
	ssize_t total = 0;

	if (used > ring->size)
		return -EPROTO;
	while (used > 0) {
		uint32_t piece = stretch(ring, ring->index, used);
		size_t taken = frame_reader_feed(
			reader, ring->data + (ring->index & (ring->size - 1)), piece);
		if (taken == 0)
			break;
		ring->index += (uint32_t)taken;
		used -= (uint32_t)taken;
		total += (ssize_t)taken;
	}
	if (total == 0)
		return -EAGAIN;
	store(&channel->shm->to_host_head, ring->index);
	return total;
}

static uint32_t put(struct channel_ring *ring, const uint8_t *from, uint32_t size)
{
	for (uint32_t done = 0; done < size;) {
		uint32_t piece = stretch(ring, ring->index, size - done);
		memcpy(ring->data + (ring->index & (ring->size - 1)), from + done, piece);
		ring->index += piece;
		done += piece;
	}
	return size;
}

/* Free bytes in the guest's ring, or -EPROTO. Asks the guest to tell when it has WANTED less. */
static int64_t room_for(struct channel *channel, size_t wanted)
{
	const struct channel_ring *ring = &channel->to_guest;
	uint32_t used = ring->index - load(&channel->shm->to_guest_head);

	if (used <= ring->size && ring->size - used < wanted) {
		channel->starved = true;
		store(&channel->shm->host_waits, 1);
		atomic_thread_fence(memory_order_seq_cst);
		used = ring->index - load(&channel->shm->to_guest_head);
	}
	if (used > ring->size)
		return -EPROTO;
	return ring->size - used;
}

ssize_t channel_send(struct channel *channel, const struct iovec *pieces, int count)
{
	size_t wanted = 0, done = 0;

	for (int i = 0; i < count; i++)
		wanted += pieces[i].iov_len;
	int64_t room = room_for(channel, wanted);
	if (room <= 0)
		return room < 0 ? (ssize_t)room : -EAGAIN;
	for (int i = 0; i < count && room > 0; i++) {
		size_t size = pieces[i].iov_len;
		if (size > (size_t)room)
			size = (size_t)room;
		done += put(&channel->to_guest, pieces[i].iov_base, (uint32_t)size);
		room -= (int64_t)size;
	}
	store(&channel->shm->to_guest_tail, channel->to_guest.index);
	if (channel->starved && done == wanted) {
		channel->starved = false;
		store(&channel->shm->host_waits, 0);
	}
	return (ssize_t)done;
}

bool channel_set_state(struct channel *channel, enum hc_host_state state)
{
	store(&channel->shm->host_state, state);
	if (state == HC_HOST_BUSY)
		return true;
	atomic_thread_fence(memory_order_seq_cst);
	/* Its doorbell for what it has taken may have been heard already. */
	if (channel->starved &&
	    channel->to_guest.index - load(&channel->shm->to_guest_head) != channel->to_guest.size)
		return false;
	return load(&channel->shm->to_host_tail) == channel->to_host.index;
}

bool channel_guest_waits(const struct channel *channel)
{
	/* What the host has sent or taken was published before. */
	atomic_thread_fence(memory_order_seq_cst);
	return load(&channel->shm->guest_waits) != 0;
}
