/* SPDX-License-Identifier: BSD-3-Clause */
/* The input of a fuzz target as a stream that ends in zeros. For the target's one file that reads
 * it. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

static const uint8_t *input;
static size_t input_size; /* bytes left */

static inline uint8_t byte(void)
{
	if (!input_size)
		return 0;
	input_size--;
	return *input++;
}

static inline uint32_t word(void)
{
	return byte() | (uint32_t)byte() << 8;
}

#endif /* FUZZ_INPUT_H */
