/* SPDX-License-Identifier: BSD-3-Clause */
/* Time. Monotonic time starts at boot; both come from the TSC. Any context. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <arch/vdso.h>
#include <lib/types.h>

/* Sets the TSC's rate (cycles per second) and takes BASE (TSC value) as monotonic zero. */
void clock_init(uint64_t tsc_hz, uint64_t base);

/* Nanoseconds since boot (CLOCK_MONOTONIC, CLOCK_BOOTTIME). */
uint64_t clock_monotonic_ns(void);

/* Nanoseconds since 1970 (CLOCK_REALTIME). */
uint64_t clock_realtime_ns(void);

/* Sets real time; monotonic time is unaffected. */
void clock_set_realtime(uint64_t now_ns);

/* Rate of the TSC in Hz. */
uint64_t clock_tsc_hz(void);

/* TSC cycles in nanoseconds. */
uint64_t clock_cycles_to_ns(uint64_t cycles);

/* What the vDSO reads; alone on a page that the application may see. */
const struct clock_page *clock_page(void);

#endif /* CORE_CLOCK_H */
