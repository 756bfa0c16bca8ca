/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * basic: what four elementary operations cost on average, in cycles of the time stamp counter:
 * getpid(), sched_yield(), malloc() of 1 MiB, and the first write to each page of that memory.
 */
#include "bench.h"

#include <inttypes.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS	    10000u
#define BUFFERS	    255u
#define BUFFER_SIZE (1u << 20)
#define PAGE_BYTES  4096u
#define PAGES	    (BUFFER_SIZE / PAGE_BYTES)

static uint64_t getpid_average(void)
{
	uint64_t start;

	getpid(); /* the first call of each kind pays for caches and translations */
	start = bench_ticks();
	for (unsigned i = 0; i < CALLS; i++)
		getpid();
	return (bench_ticks() - start) / CALLS;
}

static uint64_t sched_yield_average(void)
{
	uint64_t start;

	sched_yield();
	start = bench_ticks();
	for (unsigned i = 0; i < CALLS; i++)
		sched_yield();
	return (bench_ticks() - start) / CALLS;
}

static uint64_t malloc_average(char *buffers[BUFFERS])
{
	uint64_t start = bench_ticks();

	for (unsigned i = 0; i < BUFFERS; i++) {
		buffers[i] = malloc(BUFFER_SIZE);
		bench_check(buffers[i] == NULL, "malloc");
	}
	return (bench_ticks() - start) / BUFFERS;
}

static uint64_t first_access_average(char *buffers[BUFFERS])
{
	uint64_t start = bench_ticks();

	for (unsigned i = 0; i < BUFFERS; i++)
		for (unsigned page = 0; page < PAGES; page++)
			*(volatile char *)&buffers[i][page * PAGE_BYTES] = 1;
	return (bench_ticks() - start) / BUFFERS / PAGES;
}

int main(void)
{
	static char *buffers[BUFFERS];

	printf("Average time for getpid: %" PRIu64 " cycles\n", getpid_average());
	printf("Average time for sched_yield: %" PRIu64 " cycles\n", sched_yield_average());
	printf("Average time for malloc: %" PRIu64 " cycles\n", malloc_average(buffers));
	printf("Average time for the first page access: %" PRIu64 " cycles\n",
	       first_access_average(buffers));
	for (unsigned i = 0; i < BUFFERS; i++)
		free(buffers[i]);
	return 0;
}
