/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time from the TSC. The page that the vDSO reads is the only state: base and mult are written
 * once, before the application starts; the offset of real time is one 64-bit word, so a reader
 * needs no lock.
 */
#include <core/clock.h>

#include <arch/cpu.h>
#include <arch/muldiv.h>
#include <lib/assert.h>
#include <lib/compiler.h>

static union {
	struct clock_page data;
	uint8_t page[PAGE_SIZE];
} clock __attribute__((aligned(4096)));

static uint64_t tsc_hz;

void clock_init(uint64_t hz, uint64_t base)
{
	ASSERT(hz);
	tsc_hz = hz;
	clock.data.base = base;
	clock.data.mult = arch_muldiv(NS_PER_SEC, 1ull << 32, hz);
}

uint64_t clock_cycles_to_ns(uint64_t cycles)
{
	return (uint64_t)(((unsigned __int128)cycles * clock.data.mult) >> 32);
}

uint64_t clock_monotonic_ns(void)
{
	return clock_cycles_to_ns(arch_cycles() - clock.data.base);
}

uint64_t clock_realtime_ns(void)
{
	return clock_monotonic_ns() + READ_ONCE(clock.data.realtime_offset);
}

void clock_set_realtime(uint64_t now_ns)
{
	WRITE_ONCE(clock.data.realtime_offset, now_ns - clock_monotonic_ns());
}

uint64_t clock_tsc_hz(void)
{
	return tsc_hz;
}

const struct clock_page *clock_page(void)
{
	return &clock.data;
}
