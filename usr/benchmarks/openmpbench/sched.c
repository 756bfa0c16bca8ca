/* SPDX-License-Identifier: BSD-3-Clause */
/* Overheads of OpenMP's loop schedules, for one iteration of the loop. */
#include "epcc.h"

#define SCHED_DELAY_US	      1.0
#define ITERATIONS_PER_THREAD 128

/* The number of whole loops that make up at least run->inner iterations for each thread. */
static unsigned loops(const struct epcc_run *run)
{
	return (run->inner + ITERATIONS_PER_THREAD - 1) / ITERATIONS_PER_THREAD;
}

#define PRAGMA(...) _Pragma(#__VA_ARGS__)

/* A body that measures SCHEDULE, the clause's arguments. The compiler has to see them, as it treats
 * each in its own way: with schedule(runtime) it would be the library that is measured. */
#define SCHEDULE_BODY(name, ...)                                                                   \
	static double name(const struct epcc_run *run)                                             \
	{                                                                                          \
		int iterations = ITERATIONS_PER_THREAD * run->threads;                             \
                                                                                                   \
		PRAGMA(omp parallel)                                                               \
		for (unsigned loop = 0; loop < loops(run); loop++) {                               \
			PRAGMA(omp for schedule(__VA_ARGS__))                                      \
			for (int i = 0; i < iterations; i++)                                       \
				epcc_delay(run->delay);                                            \
		}                                                                                  \
		return (double)loops(run) * ITERATIONS_PER_THREAD;                                 \
	}

SCHEDULE_BODY(schedule_static, static)
SCHEDULE_BODY(schedule_static_chunk, static, run->chunk)
SCHEDULE_BODY(schedule_dynamic, dynamic, run->chunk)
SCHEDULE_BODY(schedule_guided, guided, run->chunk)

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

const struct epcc_group epcc_sched = {"loop schedules", SCHED_DELAY_US, constructs};
