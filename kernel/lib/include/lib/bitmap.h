/* SPDX-License-Identifier: BSD-3-Clause */
/* Bits in an array of 64-bit words. The caller locks and keeps bit numbers in range. */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include <lib/compiler.h>

#define BITMAP_WORD_BITS   64u
#define BITMAP_WORDS(bits) (((bits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
	return map[bit / BITMAP_WORD_BITS] >> bit % BITMAP_WORD_BITS & 1;
}

static inline void bitmap_set(uint64_t *map, size_t bit)
{
	map[bit / BITMAP_WORD_BITS] |= 1ull << bit % BITMAP_WORD_BITS;
}

static inline void bitmap_clear(uint64_t *map, size_t bit)
{
	map[bit / BITMAP_WORD_BITS] &= ~(1ull << bit % BITMAP_WORD_BITS);
}

/* The lowest bit >= START that is set (FLIP 0) or clear (FLIP ~0) among the first BITS; BITS where
 * there is none. */
static inline size_t bitmap_find(const uint64_t *map, size_t bits, size_t start, uint64_t flip)
{
	size_t index = start / BITMAP_WORD_BITS;
	uint64_t word, first = ~0ull << start % BITMAP_WORD_BITS;

	for (; index * BITMAP_WORD_BITS < bits; index++, first = ~0ull) {
		word = (map[index] ^ flip) & first;
		if (word) {
			size_t bit = index * BITMAP_WORD_BITS + (size_t)__builtin_ctzll(word);

			return MIN(bit, bits);
		}
	}
	return bits;
}

static inline size_t bitmap_find_set(const uint64_t *map, size_t bits, size_t start)
{
	return bitmap_find(map, bits, start, 0);
}

static inline size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t start)
{
	return bitmap_find(map, bits, start, ~0ull);
}

#endif /* LIB_BITMAP_H */
