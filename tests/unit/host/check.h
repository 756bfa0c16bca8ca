/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks of the unit tests: the first that fails ends the test with status 1. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* Both sides as 64-bit numbers. */
#define CHECK_EQ(a, b)                                                                             \
	do {                                                                                       \
		int64_t check_a = (int64_t)(a), check_b = (int64_t)(b);                            \
		if (check_a != check_b) {                                                          \
			fprintf(stderr, "%s:%d: %s is %" PRId64 ", not %" PRId64 "\n", __FILE__,   \
				__LINE__, #a, check_a, check_b);                                   \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#endif /* TEST_CHECK_H */
