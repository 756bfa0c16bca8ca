/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jacobi: solves a diagonally dominant system of 128 equations with the Jacobi iteration on several
 * threads (pthreads and barriers). Proves that floating point state survives task switches: the
 * solution is known (all ones), and because each row is always summed in the same order, the number
 * of iterations and the last bit of the result are the same for every number of threads.
 *
 * The number of threads may be given as argument (1 to 16, default 4).
 */
#include "common/check.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE	    128
#define MAX_THREADS 16
#define MAX_STEPS   5000
#define TOLERANCE   1e-12

static double matrix[SIZE][SIZE], right[SIZE], vectors[2][SIZE];
static double differences[MAX_THREADS];
static pthread_barrier_t barrier;
static int thread_count = 4;
static int steps;

static void make_system(void)
{
	unsigned int random = 42;

	for (int i = 0; i < SIZE; i++) {
		double row = 0;

		for (int j = 0; j < SIZE; j++) {
			random = random * 1664525u + 1013904223u;
			matrix[i][j] = (double)(random >> 16) / 65536.0;
			row += matrix[i][j];
		}
		matrix[i][i] += 1.2 * row;
		for (int j = 0; j < SIZE; j++)
			right[i] += matrix[i][j];
	}
}

/* One step for the rows of one thread; returns the largest change. */
static double iterate_rows(const double *from, double *to, int first, int last)
{
	double difference = 0;

	for (int i = first; i < last; i++) {
		double sum = right[i];

		for (int j = 0; j < SIZE; j++)
			if (j != i)
				sum -= matrix[i][j] * from[j];
		to[i] = sum / matrix[i][i];
		difference = fmax(difference, fabs(to[i] - from[i]));
	}
	return difference;
}

static void *work(void *argument)
{
	int id = (int)(intptr_t)argument;
	int first = SIZE * id / thread_count, last = SIZE * (id + 1) / thread_count;
	double worst = 1;
	int step;

	for (step = 0; step < MAX_STEPS && worst > TOLERANCE; step++) {
		differences[id] = iterate_rows(vectors[step & 1], vectors[~step & 1], first, last);
		pthread_barrier_wait(&barrier);
		worst = 0;
		for (int i = 0; i < thread_count; i++)
			worst = fmax(worst, differences[i]);
		pthread_barrier_wait(&barrier); /* before anybody writes the next difference */
	}
	if (id == 0)
		steps = step;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	double error = 0;

	if (argc > 1)
		thread_count = atoi(argv[1]);
	if (thread_count < 1 || thread_count > MAX_THREADS) {
		fprintf(stderr, "usage: jacobi [threads, 1 to %d]\n", MAX_THREADS);
		return 2;
	}
	make_system();
	pthread_barrier_init(&barrier, NULL, (unsigned int)thread_count);
	for (intptr_t i = 0; i < thread_count; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
			check_die("pthread_create");
	for (int i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SIZE; i++)
		error = fmax(error, fabs(vectors[steps & 1][i] - 1.0));
	printf("iterations: %d\n", steps);
	printf("largest error: %a\n", error);
	CHECK(steps < MAX_STEPS);
	CHECK(error < 1e-9);
	return check_done();
}
