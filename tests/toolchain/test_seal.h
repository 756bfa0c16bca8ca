/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TEST_SEAL_H
#define TEST_SEAL_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* Sealing and unsealing of image files. */
void test_seal(void);

#endif /* TEST_SEAL_H */
