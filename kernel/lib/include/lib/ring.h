/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte ring buffer over the caller's memory, whose size is a power of two. The caller locks. */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <lib/compiler.h>

struct ring {
	uint8_t *data;
	size_t size;
	size_t head, tail; /* bytes ever written and read; they run on without wrapping at size */
};

void ring_init(struct ring *ring, void *data, size_t size);

static inline size_t ring_used(const struct ring *ring)
{
	return ring->head - ring->tail;
}

static inline size_t ring_free(const struct ring *ring)
{
	return ring->size - ring_used(ring);
}

/* Writes as much of the SIZE bytes as fits; reads as much as there is. Both return the bytes moved.
 */
size_t ring_write(struct ring *ring, const void *from, size_t size);
size_t ring_read(struct ring *ring, void *to, size_t size);

/* Like ring_write, but where there is too little space the oldest bytes are dropped. */
void ring_write_over(struct ring *ring, const void *from, size_t size);

/*
 * Direct access: the first contiguous piece of the stored bytes, or of the free space. *SIZE is its
 * length, which may be 0. ring_consume and ring_produce then move the ends by at most that much.
 */
const uint8_t *ring_peek(const struct ring *ring, size_t *size);
uint8_t *ring_space(const struct ring *ring, size_t *size);
void ring_consume(struct ring *ring, size_t size);
void ring_produce(struct ring *ring, size_t size);

#endif /* LIB_RING_H */
