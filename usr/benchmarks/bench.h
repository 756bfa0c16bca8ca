/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the benchmark programs share: the time stamp counter, the monotonic clock, medians, and how
 * to give up. Everything here works on Linux and on HermitCore. No state, no locks.
 *
 * Ticks of the time stamp counter are cycles on a real processor. Under QEMU's `-icount shift=0`
 * they are guest instructions, exactly.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#define BENCH_NS_PER_S 1000000000ull

static inline uint64_t bench_ticks(void)
{
	return __rdtsc();
}

static inline uint64_t bench_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * BENCH_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Makes the compiler assume that `value` is used and may change. */
#define BENCH_KEEP(value) __asm__ volatile("" : "+r"(value) : : "memory")

/* Ends the program with status 1 and one line that says which operation failed, when `failed`
 * holds. */
static inline void bench_check(int failed, const char *what)
{
	if (!failed)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* As bench_check() for calls that return their error number, as pthread_create() does. */
static inline void bench_check_code(int code, const char *what)
{
	errno = code;
	bench_check(code != 0, what);
}

static inline int bench_compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Sorts `values` (count > 0) and returns the middle one, the lower of two. */
static inline uint64_t bench_median(uint64_t *values, unsigned count)
{
	qsort(values, count, sizeof(values[0]), bench_compare_u64);
	return values[(count - 1) / 2];
}

/* Reads a number in [min, max] from the command line; ends the program with status 2 otherwise. */
static inline uint64_t bench_number(const char *text, uint64_t min, uint64_t max, const char *what)
{
	char *end = NULL;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < min || value > max) {
		fprintf(stderr, "%s: '%s' is not a number from %llu to %llu\n", what, text,
			(unsigned long long)min, (unsigned long long)max);
		exit(2);
	}
	return value;
}

#endif /* BENCH_H */
