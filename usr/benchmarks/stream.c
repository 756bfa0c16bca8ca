/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream: sustained memory bandwidth of four simple kernels over long vectors, with all threads.
 *
 *   stream [-n ELEMENTS] [-k REPETITIONS]
 *
 *   Copy   c = a          16 bytes for each element
 *   Scale  b = s * c      16
 *   Add    c = a + b      24
 *   Triad  a = b + s * c  24
 *
 * The kernels, the counting of bytes (the best of all repetitions but the first, in 10^6 bytes) and
 * the idea of the validation are those of McCalpin's STREAM benchmark. The final values follow from
 * the number of repetitions and are checked; a wrong one gives status 1.
 */
#include "bench.h"

#include <math.h>
#include <omp.h>
#include <unistd.h>

#define DEFAULT_ELEMENTS    14000000u
#define DEFAULT_REPETITIONS 100u
#define SCALAR		    3.0
#define TOLERANCE	    1e-13

enum kernel { COPY, SCALE, ADD, TRIAD, KERNEL_COUNT };

static const struct {
	const char *name;
	unsigned bytes; /* moved for each element */
} kernels[KERNEL_COUNT] = {{"Copy", 16}, {"Scale", 16}, {"Add", 24}, {"Triad", 24}};

struct vectors {
	double *a, *b, *c;
	size_t n;
};

struct times {
	double min, max, sum;
};

static double *vector_allocate(size_t n)
{
	double *vector = malloc(n * sizeof(*vector));

	bench_check(!vector, "malloc");
	return vector;
}

/* Each thread touches its own part first, so that the part lies near it. */
static void vectors_fill(const struct vectors *v)
{
#pragma omp parallel for
	for (size_t i = 0; i < v->n; i++) {
		v->a[i] = 1.0;
		v->b[i] = 2.0;
		v->c[i] = 0.0;
	}
}

static void kernel_run(enum kernel kernel, const struct vectors *v)
{
	double *restrict a = v->a, *restrict b = v->b, *restrict c = v->c;
	size_t n = v->n;

	switch (kernel) {
	case COPY:
#pragma omp parallel for
		for (size_t i = 0; i < n; i++)
			c[i] = a[i];
		break;
	case SCALE:
#pragma omp parallel for
		for (size_t i = 0; i < n; i++)
			b[i] = SCALAR * c[i];
		break;
	case ADD:
#pragma omp parallel for
		for (size_t i = 0; i < n; i++)
			c[i] = a[i] + b[i];
		break;
	default:
#pragma omp parallel for
		for (size_t i = 0; i < n; i++)
			a[i] = b[i] + SCALAR * c[i];
		break;
	}
}

/* One thing at a time: the first repetition warms caches and is not counted. */
static void kernels_time(const struct vectors *v, unsigned repetitions, struct times *times)
{
	for (unsigned r = 0; r < repetitions; r++) {
		for (unsigned k = 0; k < KERNEL_COUNT; k++) {
			double start = omp_get_wtime(), seconds;

			kernel_run((enum kernel)k, v);
			seconds = omp_get_wtime() - start;
			if (r == 0)
				continue;
			times[k].min = r == 1 ? seconds : fmin(times[k].min, seconds);
			times[k].max = fmax(times[k].max, seconds);
			times[k].sum += seconds;
		}
	}
}

static int vector_check(const char *name, const double *vector, size_t n, double expected)
{
	double error = 0;

	for (size_t i = 0; i < n; i++)
		error = fmax(error, fabs(vector[i] / expected - 1.0));
	if (error <= TOLERANCE)
		return 0;
	printf("Validation fails: vector %s differs by up to %g (relative)\n", name, error);
	return 1;
}

/* Plays the same operations with single numbers and compares each element with them. */
static int vectors_check(const struct vectors *v, unsigned repetitions)
{
	double a = 1.0, b = 2.0, c = 0.0;
	int wrong = 0;

	for (unsigned r = 0; r < repetitions; r++) {
		c = a;
		b = SCALAR * c;
		c = a + b;
		a = b + SCALAR * c;
	}
	wrong |= vector_check("a", v->a, v->n, a);
	wrong |= vector_check("b", v->b, v->n, b);
	wrong |= vector_check("c", v->c, v->n, c);
	return wrong;
}

static void times_print(const struct times *times, size_t n, unsigned counted)
{
	printf("Function  Best MB/s    Avg time    Min time    Max time\n");
	for (unsigned k = 0; k < KERNEL_COUNT; k++)
		printf("%-8s %10.1f  %10.6f  %10.6f  %10.6f\n", kernels[k].name,
		       (double)kernels[k].bytes * (double)n / times[k].min / 1e6,
		       times[k].sum / counted, times[k].min, times[k].max);
}

int main(int argc, char **argv)
{
	struct vectors v = {.n = DEFAULT_ELEMENTS};
	struct times times[KERNEL_COUNT] = {0};
	unsigned repetitions = DEFAULT_REPETITIONS;
	int option, wrong;

	while ((option = getopt(argc, argv, "n:k:")) != -1) {
		if (option == 'n')
			v.n = bench_number(optarg, 1, 1ull << 36, "-n");
		else if (option == 'k')
			/* The vectors grow fifteenfold with each; 200 repetitions are 10^235. */
			repetitions = (unsigned)bench_number(optarg, 2, 200, "-k");
		else {
			fprintf(stderr, "usage: stream [-n ELEMENTS] [-k REPETITIONS]\n");
			return 2;
		}
	}
	v.a = vector_allocate(v.n);
	v.b = vector_allocate(v.n);
	v.c = vector_allocate(v.n);
	printf("Vectors of %zu doubles (%.1f MiB each), %u repetitions, %d threads\n", v.n,
	       (double)v.n * sizeof(double) / (1 << 20), repetitions, omp_get_max_threads());
	vectors_fill(&v);
	kernels_time(&v, repetitions, times);
	times_print(times, v.n, repetitions - 1);
	wrong = vectors_check(&v, repetitions);
	if (!wrong)
		printf("Solution validates: relative error below %g in all three vectors\n",
		       TOLERANCE);
	free(v.a);
	free(v.b);
	free(v.c);
	return wrong;
}
