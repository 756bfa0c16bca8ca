/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers: ChaCha20 (RFC 8439) with fast key erasure. Each request makes a fresh key stream;
 * its first half block becomes the next key, so an earlier output cannot be computed from the
 * state. The processor's own generator, where there is one, is mixed in at each request, the host's
 * seed once.
 */
#include <core/random.h>

#include <arch/cpu.h>
#include <core/spinlock.h>
#include <lib/string.h>

#define BLOCK_WORDS 16u
#define KEY_WORDS   8u

static struct spinlock random_lock = SPINLOCK_INIT;
static uint32_t key[KEY_WORDS] GUARDED_BY(random_lock);

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void quarter(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void block(uint32_t out[BLOCK_WORDS], const uint32_t k[KEY_WORDS], uint64_t counter)
{
	uint32_t in[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	memcpy(&in[4], k, KEY_WORDS * sizeof(uint32_t));
	in[12] = (uint32_t)counter;
	in[13] = (uint32_t)(counter >> 32);
	memcpy(out, in, sizeof(in));
	for (unsigned i = 0; i < 10; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		out[i] += in[i];
}

/* Key = first half of a block under (key xor INPUT). */
static void mix(const uint32_t input[KEY_WORDS]) REQUIRES(random_lock)
{
	uint32_t out[BLOCK_WORDS];

	for (unsigned i = 0; i < KEY_WORDS; i++)
		key[i] ^= input[i];
	block(out, key, 0);
	memcpy(key, out, sizeof(key));
}

void random_add_seed(const void *seed, size_t size)
{
	const uint8_t *bytes = seed;
	arch_irq_state_t state = spin_lock(&random_lock);

	while (size) {
		uint32_t input[KEY_WORDS] = {0};
		size_t part = MIN(size, sizeof(input));

		memcpy(input, bytes, part);
		mix(input);
		bytes += part;
		size -= part;
	}
	spin_unlock(&random_lock, state);
}

/* A key for one request; the state moves on. */
static void draw_key(uint32_t out[KEY_WORDS])
{
	arch_irq_state_t state = spin_lock(&random_lock);
	uint64_t fresh[KEY_WORDS / 2] = {arch_cycles()};
	uint32_t words[BLOCK_WORDS];

	(void)arch_random64(&fresh[1]);
	memcpy(words, fresh, sizeof(fresh));
	mix(words);
	block(words, key, 1);
	memcpy(key, words, sizeof(key));
	memcpy(out, &words[KEY_WORDS], sizeof(key));
	spin_unlock(&random_lock, state);
}

void random_fill(void *out, size_t size)
{
	uint8_t *bytes = out;
	uint32_t request_key[KEY_WORDS], words[BLOCK_WORDS];

	draw_key(request_key);
	for (uint64_t counter = 0; size; counter++) {
		size_t part = MIN(size, sizeof(words));

		block(words, request_key, counter);
		memcpy(bytes, words, part);
		bytes += part;
		size -= part;
	}
	memset(request_key, 0, sizeof(request_key));
	memset(words, 0, sizeof(words));
}
