/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calibration, statistics and the table. Everything here runs in the initial thread, between the
 * parallel regions of the bodies. No locks.
 */
#include "epcc.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#define US_PER_S      1e6
#define INNER_MIN     64u /* the task trees need this many */
#define INNER_MAX     (1u << 28)
#define DELAY_TEST    1000u /* calls that calibrate the delay */
#define DELAY_MAX     (1u << 24)
#define CONFIDENCE_95 1.96 /* of a normal distribution, in standard deviations */
#define OUTLIER_LIMIT 3.0

struct statistics {
	double mean, deviation; /* microseconds for one delay */
	unsigned outliers;
};

void epcc_delay(unsigned length)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < length; i++) {
		sum += i;
		__asm__ volatile("" : "+r"(sum));
	}
}

double epcc_reference(const struct epcc_run *run)
{
	for (unsigned i = 0; i < run->inner; i++)
		epcc_delay(run->delay);
	return run->inner;
}

/* The argument with which epcc_delay() takes `us` microseconds. */
static unsigned delay_calibrate(double us)
{
	unsigned length = 1;

	for (;;) {
		double start = omp_get_wtime(), taken;

		for (unsigned i = 0; i < DELAY_TEST; i++)
			epcc_delay(length);
		taken = (omp_get_wtime() - start) * US_PER_S / DELAY_TEST;
		if (taken >= us || length >= DELAY_MAX)
			return length;
		length = (unsigned)(length * 1.1) + 1;
	}
}

/* Microseconds of one measurement; *per_delay gets the share of one delay. */
static double body_time(epcc_body body, const struct epcc_run *run, double *per_delay)
{
	double start = omp_get_wtime();
	double delays = body(run);
	double us = (omp_get_wtime() - start) * US_PER_S;

	if (delays <= 0) {
		fprintf(stderr, "openmpbench: a construct did not do what it should\n");
		exit(1);
	}
	*per_delay = us / delays;
	return us;
}

/* Finds a number of repetitions that takes long enough. The first parallel region starts the
 * threads. */
static void inner_calibrate(epcc_body body, struct epcc_run *run, double target_us)
{
	double unused;

	run->inner = INNER_MIN;
	while (body_time(body, run, &unused) < target_us && run->inner < INNER_MAX)
		run->inner *= 2;
}

static struct statistics samples_evaluate(const double *samples, unsigned count)
{
	struct statistics s = {0};

	for (unsigned i = 0; i < count; i++)
		s.mean += samples[i] / count;
	for (unsigned i = 0; i < count; i++)
		s.deviation += (samples[i] - s.mean) * (samples[i] - s.mean) / (count - 1);
	s.deviation = sqrt(s.deviation);
	for (unsigned i = 0; i < count; i++)
		s.outliers += fabs(samples[i] - s.mean) > OUTLIER_LIMIT * s.deviation;
	return s;
}

static struct statistics body_measure(epcc_body body, struct epcc_run *run,
				      const struct epcc_settings *settings)
{
	double *samples = malloc(settings->outer * sizeof(*samples));
	struct statistics result;

	if (!samples) {
		perror("malloc");
		exit(1);
	}
	inner_calibrate(body, run, settings->target_us);
	for (unsigned i = 0; i < settings->outer; i++)
		body_time(body, run, &samples[i]);
	result = samples_evaluate(samples, settings->outer);
	free(samples);
	return result;
}

static void construct_print(const struct epcc_construct *construct, const struct statistics *s,
			    const struct statistics *reference)
{
	char name[64];

	if (construct->chunk)
		snprintf(name, sizeof(name), "%s %d", construct->name, construct->chunk);
	else
		snprintf(name, sizeof(name), "%s", construct->name);
	printf("%-26s %10.4f %10.4f %8u %10.4f +/- %.4f\n", name, s->mean, s->deviation,
	       s->outliers, s->mean - reference->mean,
	       CONFIDENCE_95 * sqrt(s->deviation * s->deviation +
				    reference->deviation * reference->deviation));
	fflush(stdout);
}

void epcc_group_run(const struct epcc_group *group, const struct epcc_settings *settings)
{
	double delay_us = settings->delay_us > 0 ? settings->delay_us : group->delay_us;
	struct epcc_run run = {.threads = omp_get_max_threads(),
			       .delay = delay_calibrate(delay_us)};
	struct statistics reference = body_measure(epcc_reference, &run, settings);

	printf("\n%s: %d threads, %u measurements of at least %.0f us, delay %.4f us\n",
	       group->name, run.threads, settings->outer, settings->target_us, reference.mean);
	printf("%-26s %10s %10s %8s %10s\n", "construct", "time us", "deviation", "outliers",
	       "overhead us +/- 95 %");
	for (const struct epcc_construct *c = group->constructs; c->name; c++) {
		struct statistics s;

		run.chunk = c->chunk;
		s = body_measure(c->body, &run, settings);
		construct_print(c, &s, &reference);
	}
}
