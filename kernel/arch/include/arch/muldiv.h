/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of 64-bit numbers divided again: 128 bits in between, which the compiler would do with a
 * library call. */
#ifndef ARCH_MULDIV_H
#define ARCH_MULDIV_H

#include <lib/compiler.h>

/* A * B / DIVISOR, rounded down. The quotient must fit into 64 bits (else the processor faults). */
static always_inline uint64_t arch_muldiv(uint64_t a, uint64_t b, uint64_t divisor)
{
	uint64_t low, high;

	__asm__("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "rm"(b) : "cc");
	__asm__("divq %2" : "+a"(low), "+d"(high) : "rm"(divisor) : "cc");
	return low;
}

#endif /* ARCH_MULDIV_H */
