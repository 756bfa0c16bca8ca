/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * openmp: proves that GCC's OpenMP library works: parallel regions, loops with all schedules,
 * reductions, critical, atomic and ordered parts, tasks, sections, locks. The results do not depend
 * on the number of threads, which is the machine's or OMP_NUM_THREADS.
 */
#include "common/check.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

#define SIZE 10000

static long values[SIZE];

static void regions(void)
{
	int inside = 0, masters = 0, singles = 0, wanted = omp_get_max_threads();

#pragma omp parallel
	{
#pragma omp atomic
		inside++;
#pragma omp master
		masters++;
#pragma omp single
		singles++;
#pragma omp barrier
		if (inside != omp_get_num_threads())
			abort();
	}
	CHECK(inside == wanted);
	CHECK(masters == 1 && singles == 1);
	inside = 0;
#pragma omp parallel num_threads(5) reduction(+ : inside)
	inside += omp_get_thread_num() + 1;
	CHECK(inside == 15);
}

static void loops(void)
{
	long sum = 0, largest = 0, in_order = 0, next = 0;
	double pi = 0;

#pragma omp parallel for schedule(static)
	for (int i = 0; i < SIZE; i++)
		values[i] = i;
#pragma omp parallel for schedule(dynamic, 7) reduction(+ : sum)
	for (int i = 0; i < SIZE; i++)
		sum += values[i];
	CHECK(sum == (long)SIZE * (SIZE - 1) / 2);
#pragma omp parallel for schedule(guided) reduction(max : largest) num_threads(4)
	for (int i = 0; i < SIZE; i++)
		largest = values[i] > largest ? values[i] : largest;
	CHECK(largest == SIZE - 1);
#pragma omp parallel for ordered schedule(dynamic) num_threads(4)
	for (int i = 0; i < 200; i++) {
#pragma omp ordered
		in_order += next++ == i;
	}
	CHECK(in_order == 200);
#pragma omp parallel for reduction(+ : pi) num_threads(4)
	for (int i = 0; i < SIZE; i++) {
		double x = (i + 0.5) / SIZE;

		pi += 4 / (1 + x * x) / SIZE;
	}
	printf("pi: %.6f\n", pi);
#pragma omp parallel for collapse(2) num_threads(3)
	for (int i = 0; i < 100; i++)
		for (int j = 0; j < 100; j++)
			values[i * 100 + j] = (long)i * j;
	CHECK(values[99 * 100 + 99] == 99 * 99 && values[5010] == 500);
}

static void exclusion(void)
{
	long counter = 0, locked = 0, sections = 0;
	omp_lock_t lock;

	omp_init_lock(&lock);
#pragma omp parallel for num_threads(4)
	for (int i = 0; i < 2000; i++) {
#pragma omp critical
		counter++;
		omp_set_lock(&lock);
		locked++;
		omp_unset_lock(&lock);
	}
	CHECK(counter == 2000 && locked == 2000);
	omp_destroy_lock(&lock);
#pragma omp parallel sections reduction(+ : sections) num_threads(2)
	{
#pragma omp section
		sections += 1;
#pragma omp section
		sections += 10;
#pragma omp section
		sections += 100;
	}
	CHECK(sections == 111);
}

static long fibonacci(int n)
{
	long a, b;

	if (n < 2)
		return n;
#pragma omp task shared(a) if (n > 10)
	a = fibonacci(n - 1);
	b = fibonacci(n - 2);
#pragma omp taskwait
	return a + b;
}

static void tasks(void)
{
	long result = 0, chain = 0;

#pragma omp parallel num_threads(4)
#pragma omp single
	result = fibonacci(20);
	CHECK(result == 6765);
#pragma omp parallel num_threads(4)
#pragma omp single
	for (int i = 0; i < 50; i++) {
#pragma omp task depend(inout : chain)
		chain = chain * 3 % 1000003 + i;
	}
	printf("chain of tasks: %ld\n", chain);
}

int main(void)
{
	double start = omp_get_wtime();

	regions();
	loops();
	exclusion();
	tasks();
	CHECK(omp_get_wtime() >= start);
	CHECK(omp_get_num_procs() >= 1);
	return check_done();
}
