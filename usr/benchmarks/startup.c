/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * startup: prints the time stamp counter as main() found it. Under `-icount shift=0` the difference
 * to the counter at the image's first instruction is what kernel and C library executed to get
 * here.
 */
#include "bench.h"

#include <inttypes.h>

int main(void)
{
	uint64_t ticks = bench_ticks();

	printf("main_ticks=%" PRIu64 "\n", ticks);
	return 0;
}
