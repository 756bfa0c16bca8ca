/* SPDX-License-Identifier: BSD-3-Clause */
/* The Internet checksum (RFC 1071), 32 bytes at a time. Any context. */
#include <arch/cc.h>
#include <lib/compiler.h>
#include <lib/string.h>

static uint64_t add(uint64_t sum, uint64_t word)
{
	uint64_t result;

	/* The carry goes round. */
	return __builtin_add_overflow(sum, word, &result) ? result + 1 : result;
}

static uint64_t load(const uint8_t *from, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, from, size);
	return word;
}

/* The sum in the order of bytes in which DATA starts at an even place; not complemented. */
uint16_t net_checksum(const void *data, int size)
{
	const uint8_t *at = data;
	size_t left = (size_t)size;
	uint64_t sum = 0;

	for (; left >= 32; left -= 32, at += 32) {
		sum = add(sum, load(at, 8));
		sum = add(sum, load(at + 8, 8));
		sum = add(sum, load(at + 16, 8));
		sum = add(sum, load(at + 24, 8));
	}
	for (; left >= 8; left -= 8, at += 8)
		sum = add(sum, load(at, 8));
	if (left)
		sum = add(sum, load(at, left));
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}
