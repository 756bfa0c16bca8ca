/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * omploop: how well a loop without memory traffic spreads over threads.
 *
 *   omploop [-n ITERATIONS]
 *
 * Each iteration advances a pseudo-random number in registers. The sum does not depend on the
 * number of threads and is checked against one that a single thread computes for a part of the
 * range. Prints "threads=T seconds=S sum=X".
 */
#include "bench.h"

#include <inttypes.h>
#include <omp.h>
#include <unistd.h>

#define DEFAULT_ITERATIONS 2000000u
#define STEPS		   64u
#define CHECKED		   1000u

/* A few dozen dependent operations that start from the iteration's number (xorshift). */
static uint64_t iteration(uint64_t number)
{
	uint64_t x = number * 0x9e3779b97f4a7c15u + 1;

	for (unsigned i = 0; i < STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

static uint64_t sum_parallel(uint64_t count)
{
	uint64_t sum = 0;

#pragma omp parallel for reduction(+ : sum) schedule(static)
	for (uint64_t i = 0; i < count; i++)
		sum += iteration(i);
	return sum;
}

static uint64_t sum_alone(uint64_t count)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < count; i++)
		sum += iteration(i);
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t iterations = DEFAULT_ITERATIONS, sum;
	double start;
	int option;

	while ((option = getopt(argc, argv, "n:")) != -1) {
		if (option == '?') {
			fprintf(stderr, "usage: omploop [-n ITERATIONS]\n");
			return 2;
		}
		iterations = bench_number(optarg, 1, 1ull << 40, "-n");
	}
	if (sum_parallel(CHECKED) != sum_alone(CHECKED)) { /* starts the threads as well */
		fprintf(stderr, "omploop: the parallel sum is wrong\n");
		return 1;
	}
	start = omp_get_wtime();
	sum = sum_parallel(iterations);
	printf("threads=%d seconds=%.6f sum=%" PRIx64 "\n", omp_get_max_threads(),
	       omp_get_wtime() - start, sum);
	return 0;
}
