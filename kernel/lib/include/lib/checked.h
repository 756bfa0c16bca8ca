/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic that says when the result does not fit: true means overflow (*OUT is then wrapped). */
#ifndef LIB_CHECKED_H
#define LIB_CHECKED_H

#include <lib/compiler.h>

#define add_overflows(a, b, out) __builtin_add_overflow(a, b, out)
#define sub_overflows(a, b, out) __builtin_sub_overflow(a, b, out)
#define mul_overflows(a, b, out) __builtin_mul_overflow(a, b, out)

/* SIZE rounded up to a multiple of ALIGN (a power of two). */
static inline bool align_up_overflows(size_t size, size_t align, size_t *out)
{
	bool overflow = add_overflows(size, align - 1, out);

	*out &= ~(align - 1);
	return overflow;
}

#endif /* LIB_CHECKED_H */
