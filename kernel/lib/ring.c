/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte ring buffer: the positions run on; their low bits are the index into the memory. */
#include <lib/assert.h>
#include <lib/ring.h>
#include <lib/string.h>

void ring_init(struct ring *ring, void *data, size_t size)
{
	ASSERT(size && (size & (size - 1)) == 0);
	*ring = (struct ring){data, size, 0, 0};
}

/* Bytes from POSITION to the end of the memory, at most LIMIT. */
static size_t contiguous(const struct ring *ring, size_t position, size_t limit)
{
	return MIN(ring->size - (position & (ring->size - 1)), limit);
}

const uint8_t *ring_peek(const struct ring *ring, size_t *size)
{
	*size = contiguous(ring, ring->tail, ring_used(ring));
	return ring->data + (ring->tail & (ring->size - 1));
}

uint8_t *ring_space(const struct ring *ring, size_t *size)
{
	*size = contiguous(ring, ring->head, ring_free(ring));
	return ring->data + (ring->head & (ring->size - 1));
}

void ring_consume(struct ring *ring, size_t size)
{
	ASSERT(size <= ring_used(ring));
	ring->tail += size;
}

void ring_produce(struct ring *ring, size_t size)
{
	ASSERT(size <= ring_free(ring));
	ring->head += size;
}

size_t ring_write(struct ring *ring, const void *from, size_t size)
{
	const uint8_t *bytes = from;
	size_t done = 0, piece;

	while (done < size) {
		uint8_t *space = ring_space(ring, &piece);

		piece = MIN(piece, size - done);
		if (!piece)
			break;
		memcpy(space, bytes + done, piece);
		ring_produce(ring, piece);
		done += piece;
	}
	return done;
}

size_t ring_read(struct ring *ring, void *to, size_t size)
{
	uint8_t *bytes = to;
	size_t done = 0, piece;

	while (done < size) {
		const uint8_t *stored = ring_peek(ring, &piece);

		piece = MIN(piece, size - done);
		if (!piece)
			break;
		memcpy(bytes + done, stored, piece);
		ring_consume(ring, piece);
		done += piece;
	}
	return done;
}

void ring_write_over(struct ring *ring, const void *from, size_t size)
{
	const uint8_t *bytes = from;

	if (size > ring->size) {
		bytes += size - ring->size;
		size = ring->size;
	}
	if (size > ring_free(ring))
		ring_consume(ring, size - ring_free(ring));
	ring_write(ring, bytes, size);
}
