/* SPDX-License-Identifier: BSD-3-Clause */
/* Unit tests of kernel sources on the host: checks, and random numbers that are the same in each
 * run. */
#ifndef UNIT_COMMON_H
#define UNIT_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the test with a line that names the place. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define CHECK_EQ(actual, expected)                                                                 \
	do {                                                                                       \
		long long actual_ = (long long)(actual), expected_ = (long long)(expected);        \
		if (actual_ != expected_) {                                                        \
			fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__,       \
				#actual, actual_, expected_);                                      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* xorshift64*. */
static inline uint64_t unit_random(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15u;

	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}

/* 0 .. LIMIT - 1 */
static inline uint64_t unit_below(uint64_t limit)
{
	return unit_random() % limit;
}

#endif /* UNIT_COMMON_H */
