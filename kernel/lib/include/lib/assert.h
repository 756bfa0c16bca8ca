/* SPDX-License-Identifier: BSD-3-Clause */
/* ASSERT: what must hold. The expression has no side effects. Always compiled in. */
#ifndef LIB_ASSERT_H
#define LIB_ASSERT_H

#include <lib/compiler.h>

/* Provided by kernel/core (panics) or by the test that links the code on the host. */
noreturn void assert_failed(const char *expression, const char *file, int line);

#define ASSERT(x)                                                                                  \
	do {                                                                                       \
		if (unlikely(!(x)))                                                                \
			assert_failed(#x, __FILE__, __LINE__);                                     \
	} while (0)

#endif /* LIB_ASSERT_H */
