/* SPDX-License-Identifier: BSD-3-Clause */
/* ASSERT of kernel sources on the host. */
#include <lib/assert.h>
#include <stdio.h>
#include <stdlib.h>

void assert_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
	abort();
}
