/* SPDX-License-Identifier: BSD-3-Clause */
/* Byte ring and bitmap against simple models. */
#include <lib/bitmap.h>
#include <lib/ring.h>

#include "../common/unit.h"

#include <string.h>

#define SIZE 64u

static void random_transfers(void)
{
	uint8_t memory[SIZE], piece[2 * SIZE];
	struct ring ring;
	uint8_t written = 0, read = 0;

	ring_init(&ring, memory, SIZE);
	ring.head = ring.tail = SIZE_MAX - 100; /* the positions wrap during the test */
	for (unsigned i = 0; i < 20000; i++) {
		size_t size = unit_below(2 * SIZE), used = ring_used(&ring), done;

		if (unit_below(2)) {
			for (size_t j = 0; j < size; j++)
				piece[j] = (uint8_t)(written + j);
			done = ring_write(&ring, piece, size);
			CHECK_EQ(done, MIN(size, SIZE - used));
			written = (uint8_t)(written + done);
		} else {
			done = ring_read(&ring, piece, size);
			CHECK_EQ(done, MIN(size, used));
			for (size_t j = 0; j < done; j++)
				CHECK_EQ(piece[j], (uint8_t)(read + j));
			read = (uint8_t)(read + done);
		}
	}
}

static void overwriting(void)
{
	uint8_t memory[8], piece[32], text[] = "0123456789abcdefghij";
	struct ring ring;

	ring_init(&ring, memory, sizeof(memory));
	ring_write_over(&ring, text, 5);
	ring_write_over(&ring, text + 5, 5);
	CHECK_EQ(ring_read(&ring, piece, sizeof(piece)), 8);
	CHECK(memcmp(piece, "23456789", 8) == 0);
	ring_write_over(&ring, text, 20);
	CHECK_EQ(ring_read(&ring, piece, sizeof(piece)), 8);
	CHECK(memcmp(piece, "cdefghij", 8) == 0);
}

static void bits(void)
{
	uint64_t map[BITMAP_WORDS(200)] = {0};
	bool model[200] = {false};

	CHECK_EQ(BITMAP_WORDS(200), 4);
	for (unsigned i = 0; i < 5000; i++) {
		size_t bit = unit_below(200), start = unit_below(200), set = start, clear = start;

		model[bit] = !model[bit];
		if (model[bit])
			bitmap_set(map, bit);
		else
			bitmap_clear(map, bit);
		CHECK(bitmap_test(map, bit) == model[bit]);
		while (set < 200 && !model[set])
			set++;
		while (clear < 200 && model[clear])
			clear++;
		CHECK_EQ(bitmap_find_set(map, 200, start), set);
		CHECK_EQ(bitmap_find_clear(map, 200, start), clear);
	}
}

int main(void)
{
	random_transfers();
	overwriting();
	bits();
	return 0;
}
