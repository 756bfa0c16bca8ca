/* SPDX-License-Identifier: BSD-3-Clause */
/* The vDSO (vdso(7)): an ELF image that is mapped into the application, right behind the clock
 * page. */
#ifndef ARCH_VDSO_H
#define ARCH_VDSO_H

#include <lib/types.h>

/*
 * What the vDSO computes time from: monotonic = ((tsc - base) * mult) >> 32 with a 128-bit product;
 * real time adds realtime_offset, which is a single word, so that readers need no lock.
 */
struct clock_page {
	uint64_t base;
	uint64_t mult; /* 2^32 * 10^9 / rate of the TSC */
	uint64_t realtime_offset;
};

/* The image: whole pages of the kernel's read-only data. */
extern const uint8_t arch_vdso_start[], arch_vdso_end[];

#endif /* ARCH_VDSO_H */
