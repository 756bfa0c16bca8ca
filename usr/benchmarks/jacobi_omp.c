/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jacobi_omp: solves a dense, diagonally dominant system of linear equations with Jacobi's method,
 * all threads sharing the rows.
 *
 *   jacobi_omp [-n UNKNOWNS] [-k ITERATIONS]
 *
 * The right-hand side is chosen so that each unknown is 1; a result that is more than 0.01 off
 * gives status 1. Prints "threads=T unknowns=N iterations=K seconds=S mflops=M error=E".
 */
#include "bench.h"

#include <math.h>
#include <omp.h>
#include <unistd.h>

#define DEFAULT_UNKNOWNS   512u
#define DEFAULT_ITERATIONS 200u
#define ERROR_MAX	   0.01

struct system {
	size_t n;
	double *matrix; /* n * n, by rows */
	double *right;
	double *x, *next;
};

static double *numbers_allocate(size_t n)
{
	double *numbers = malloc(n * sizeof(*numbers));

	bench_check(!numbers, "malloc");
	return numbers;
}

/* Off the diagonal, small numbers that look random; on it, more than the sum of the row. */
static void row_fill(struct system *s, size_t row)
{
	double sum = 0;
	double *line = s->matrix + row * s->n;

	for (size_t column = 0; column < s->n; column++) {
		line[column] = (double)((row * 7919 + column * 104729) % 1000) / 1000.0;
		sum += line[column];
	}
	sum -= line[row];
	line[row] = 2.0 * sum + 1.0;
	s->right[row] = sum + line[row];
	s->x[row] = 0.0;
}

static void system_create(struct system *s, size_t n)
{
	s->n = n;
	s->matrix = numbers_allocate(n * n);
	s->right = numbers_allocate(n);
	s->x = numbers_allocate(n);
	s->next = numbers_allocate(n);
#pragma omp parallel for schedule(static)
	for (size_t row = 0; row < n; row++)
		row_fill(s, row);
}

static void system_destroy(struct system *s)
{
	free(s->matrix);
	free(s->right);
	free(s->x);
	free(s->next);
}

static double row_solve(const struct system *s, size_t row)
{
	const double *line = s->matrix + row * s->n;
	double sum = 0;

	for (size_t column = 0; column < s->n; column++)
		sum += line[column] * s->x[column];
	sum -= line[row] * s->x[row];
	return (s->right[row] - sum) / line[row];
}

static void system_iterate(struct system *s, unsigned iterations)
{
	for (unsigned i = 0; i < iterations; i++) {
		double *old = s->x;

#pragma omp parallel for schedule(static)
		for (size_t row = 0; row < s->n; row++)
			s->next[row] = row_solve(s, row);
		s->x = s->next;
		s->next = old;
	}
}

static double system_error(const struct system *s)
{
	double error = 0;

	for (size_t row = 0; row < s->n; row++)
		error = fmax(error, fabs(s->x[row] - 1.0));
	return error;
}

int main(int argc, char **argv)
{
	size_t n = DEFAULT_UNKNOWNS;
	unsigned iterations = DEFAULT_ITERATIONS;
	struct system s;
	double seconds, error;
	int option;

	while ((option = getopt(argc, argv, "n:k:")) != -1) {
		if (option == 'n')
			n = bench_number(optarg, 2, 1u << 16, "-n");
		else if (option == 'k')
			iterations = (unsigned)bench_number(optarg, 1, 1u << 30, "-k");
		else {
			fprintf(stderr, "usage: jacobi_omp [-n UNKNOWNS] [-k ITERATIONS]\n");
			return 2;
		}
	}
	system_create(&s, n);
	seconds = omp_get_wtime();
	system_iterate(&s, iterations);
	seconds = omp_get_wtime() - seconds;
	error = system_error(&s);
	printf("threads=%d unknowns=%zu iterations=%u seconds=%.6f mflops=%.1f error=%.3g\n",
	       omp_get_max_threads(), n, iterations, seconds,
	       2.0 * (double)n * (double)n * iterations / seconds / 1e6, error);
	system_destroy(&s);
	return error <= ERROR_MAX ? 0 : 1;
}
