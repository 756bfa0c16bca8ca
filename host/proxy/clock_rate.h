/* SPDX-License-Identifier: BSD-3-Clause */
/* The rate of the time stamp counter, measured while other things happen: no waiting. */
#ifndef PROXY_CLOCK_RATE_H
#define PROXY_CLOCK_RATE_H

#include <stdint.h>

struct clock_sample {
	uint64_t tsc, ns;
};

struct clock_sample clock_sample_now(void);

/* Counts per second between START and now; 0 when too little time has passed to tell. */
uint64_t clock_rate_since(const struct clock_sample *start);

#endif /* PROXY_CLOCK_RATE_H */
