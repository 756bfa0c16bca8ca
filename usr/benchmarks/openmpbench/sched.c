/* SPDX-License-Identifier: BSD-3-Clause */
/* Overheads of OpenMP's loop schedules, for one iteration of the loop. */
#include "epcc.h"

#define SCHED_DELAY_US	      1.0
#define ITERATIONS_PER_THREAD 128

static double reference(const struct epcc_run *run)
{
	for (unsigned i = 0; i < run->inner; i++)
		epcc_delay(run->delay);
	return run->inner;
}

/* The number of whole loops that make up at least run->inner iterations for each thread. */
static unsigned loops(const struct epcc_run *run)
{
	return (run->inner + ITERATIONS_PER_THREAD - 1) / ITERATIONS_PER_THREAD;
}

static double schedule_static(const struct epcc_run *run)
{
	int iterations = ITERATIONS_PER_THREAD * run->threads;

#pragma omp parallel
	for (unsigned loop = 0; loop < loops(run); loop++) {
#pragma omp for schedule(static)
		for (int i = 0; i < iterations; i++)
			epcc_delay(run->delay);
	}
	return (double)loops(run) * ITERATIONS_PER_THREAD;
}

static double schedule_static_chunk(const struct epcc_run *run)
{
	int iterations = ITERATIONS_PER_THREAD * run->threads;

#pragma omp parallel
	for (unsigned loop = 0; loop < loops(run); loop++) {
#pragma omp for schedule(static, run->chunk)
		for (int i = 0; i < iterations; i++)
			epcc_delay(run->delay);
	}
	return (double)loops(run) * ITERATIONS_PER_THREAD;
}

static double schedule_dynamic(const struct epcc_run *run)
{
	int iterations = ITERATIONS_PER_THREAD * run->threads;

#pragma omp parallel
	for (unsigned loop = 0; loop < loops(run); loop++) {
#pragma omp for schedule(dynamic, run->chunk)
		for (int i = 0; i < iterations; i++)
			epcc_delay(run->delay);
	}
	return (double)loops(run) * ITERATIONS_PER_THREAD;
}

static double schedule_guided(const struct epcc_run *run)
{
	int iterations = ITERATIONS_PER_THREAD * run->threads;

#pragma omp parallel
	for (unsigned loop = 0; loop < loops(run); loop++) {
#pragma omp for schedule(guided, run->chunk)
		for (int i = 0; i < iterations; i++)
			epcc_delay(run->delay);
	}
	return (double)loops(run) * ITERATIONS_PER_THREAD;
}

static const struct epcc_construct constructs[] = {
	{"STATIC", schedule_static, 0},
	{"STATIC", schedule_static_chunk, 1},
	{"STATIC", schedule_static_chunk, 8},
	{"STATIC", schedule_static_chunk, 64},
	{"STATIC", schedule_static_chunk, 128},
	{"DYNAMIC", schedule_dynamic, 1},
	{"DYNAMIC", schedule_dynamic, 8},
	{"DYNAMIC", schedule_dynamic, 64},
	{"DYNAMIC", schedule_dynamic, 128},
	{"GUIDED", schedule_guided, 1},
	{"GUIDED", schedule_guided, 8},
	{"GUIDED", schedule_guided, 64},
	{0},
};

const struct epcc_group epcc_sched = {"loop schedules", reference, SCHED_DELAY_US, constructs};
