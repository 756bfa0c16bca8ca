/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See clock_rate.h. The two clocks cannot be read at the same moment: of several pairs of readings
 * the one that took least is the best, good to some 20 ns. QEMU needs 20 ms and more to start, so
 * the error of the rate is about one in a million.
 */
#include "clock_rate.h"

#include "common/host_time.h"

#include <x86intrin.h>

#define READINGS    8
#define SHORTEST_NS 1000000u

struct clock_sample clock_sample_now(void)
{
	struct clock_sample best = {0};
	uint64_t best_width = UINT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		struct timespec now;
		uint64_t before = __rdtsc();
		clock_gettime(CLOCK_MONOTONIC_RAW, &now);
		uint64_t after = __rdtsc();
		if (after - before >= best_width)
			continue;
		best_width = after - before;
		best.tsc = before + best_width / 2;
		best.ns = timespec_ns(&now);
	}
	return best;
}

uint64_t clock_rate_since(const struct clock_sample *start)
{
	struct clock_sample now = clock_sample_now();
	uint64_t ns = now.ns - start->ns;

	if (ns < SHORTEST_NS)
		return 0;
	return (uint64_t)((unsigned __int128)(now.tsc - start->tsc) * NS_PER_SECOND / ns);
}
