/* SPDX-License-Identifier: BSD-3-Clause */
/* Overheads of OpenMP's synchronisation. */
#include "epcc.h"

#include <omp.h>

#define SYNC_DELAY_US 0.1

static double parallel_region(const struct epcc_run *run)
{
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp parallel
		epcc_delay(run->delay);
	}
	return run->inner;
}

static double for_loop(const struct epcc_run *run)
{
#pragma omp parallel
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp for
		for (int thread = 0; thread < run->threads; thread++)
			epcc_delay(run->delay);
	}
	return run->inner;
}

static double parallel_for(const struct epcc_run *run)
{
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp parallel for
		for (int thread = 0; thread < run->threads; thread++)
			epcc_delay(run->delay);
	}
	return run->inner;
}

static double barrier(const struct epcc_run *run)
{
#pragma omp parallel
	for (unsigned i = 0; i < run->inner; i++) {
		epcc_delay(run->delay);
#pragma omp barrier
	}
	return run->inner;
}

static double single(const struct epcc_run *run)
{
#pragma omp parallel
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp single
		epcc_delay(run->delay);
	}
	return run->inner;
}

/* A thread's share of repetitions that the threads execute one after the other. */
static unsigned share_of(const struct epcc_run *run)
{
	return run->inner / (unsigned)run->threads + 1;
}

/* All threads together pass the critical section `inner` times, one after the other. */
static double critical(const struct epcc_run *run)
{
	unsigned share = share_of(run);

#pragma omp parallel
	for (unsigned i = 0; i < share; i++) {
#pragma omp critical
		epcc_delay(run->delay);
	}
	return (double)share * run->threads;
}

static double lock_unlock(const struct epcc_run *run)
{
	unsigned share = share_of(run);
	omp_lock_t lock;

	omp_init_lock(&lock);
#pragma omp parallel
	for (unsigned i = 0; i < share; i++) {
		omp_set_lock(&lock);
		epcc_delay(run->delay);
		omp_unset_lock(&lock);
	}
	omp_destroy_lock(&lock);
	return (double)share * run->threads;
}

static double ordered(const struct epcc_run *run)
{
#pragma omp parallel for ordered schedule(static, 1)
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp ordered
		epcc_delay(run->delay);
	}
	return run->inner;
}

/* What a body that has counted to `sum` returns: no time for a wrong sum. */
static double checked(const struct epcc_run *run, unsigned long sum)
{
	return sum == (unsigned long)run->inner * (unsigned long)run->threads ? run->inner : 0;
}

/* Each thread delays, then adds: the delay is the same as the reference's. */
static double atomic(const struct epcc_run *run)
{
	unsigned long sum = 0;

#pragma omp parallel
	for (unsigned i = 0; i < run->inner; i++) {
		epcc_delay(run->delay);
#pragma omp atomic
		sum++;
	}
	return checked(run, sum);
}

static double reduction(const struct epcc_run *run)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp parallel reduction(+ : sum)
		{
			epcc_delay(run->delay);
			sum++;
		}
	}
	return checked(run, sum);
}

static const struct epcc_construct constructs[] = {
	{"PARALLEL", parallel_region, 0},
	{"FOR", for_loop, 0},
	{"PARALLEL FOR", parallel_for, 0},
	{"BARRIER", barrier, 0},
	{"SINGLE", single, 0},
	{"CRITICAL", critical, 0},
	{"LOCK/UNLOCK", lock_unlock, 0},
	{"ORDERED", ordered, 0},
	{"ATOMIC", atomic, 0},
	{"REDUCTION", reduction, 0},
	{0},
};

const struct epcc_group epcc_sync = {"synchronisation", SYNC_DELAY_US, constructs};
