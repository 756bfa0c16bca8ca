/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * micro: what single operations of the system cost.
 *
 *   micro [-l] [-q] [NAME...]      -l lists the names, -q does a tenth of the work
 *
 * Each operation runs many times in a batch, and the batch several times. One line for each:
 *
 *   bench=NAME n=OPERATIONS ticks_min=T ticks_median=T ns_min=N ns_median=N
 *
 * all for one operation, without the cost of the loop around it and of reading the clocks: a batch
 * of the same length whose body is empty is taken off. Under QEMU's `-icount shift=0` a tick is one
 * guest instruction. Two-thread operations count as stated in their table entry.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "switches.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BATCHES	      7u
#define BATCHES_QUICK 3u
#define QUICK_DIVISOR 10u
#define PAGE_BYTES    4096u
#define TOUCH_BYTES   (1u << 20) /* too small for pages of 2 MiB */

struct micro {
	const char *name;
	void (*run)(const struct micro *micro, unsigned n, struct switch_cost *cost);
	unsigned n;	  /* operations in one batch */
	unsigned per_run; /* operations that one unit of n stands for */
	size_t bytes;	  /* of malloc() */
	const char *kind; /* of switch_kinds */
};

/* Runs `statement` n times and stores what that cost in *cost. */
#define TIMED(cost, n, statement)                                                                  \
	do {                                                                                       \
		uint64_t start_ns = bench_ns();                                                    \
		uint64_t start_ticks = bench_ticks();                                              \
		for (unsigned left = (n); left > 0; left--) {                                      \
			BENCH_KEEP(left);                                                          \
			statement;                                                                 \
		}                                                                                  \
		(cost)->ticks = bench_ticks() - start_ticks;                                       \
		(cost)->ns = bench_ns() - start_ns;                                                \
	} while (0)

static void run_empty(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	(void)micro;
	TIMED(cost, n, (void)0);
}

static void run_syscall_getpid(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	(void)micro;
	TIMED(cost, n, syscall(SYS_getpid));
}

static void run_getpid(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	(void)micro;
	TIMED(cost, n, getpid());
}

static void run_clock_gettime(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	struct timespec now;

	(void)micro;
	TIMED(cost, n, clock_gettime(CLOCK_MONOTONIC, &now));
}

static void run_sched_yield(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	(void)micro;
	TIMED(cost, n, sched_yield());
}

static char *pages_map(size_t bytes)
{
	void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	bench_check(pages == MAP_FAILED, "mmap");
	return pages;
}

static void page_touch(volatile char *page)
{
	*page = 1;
}

static void map_touch_unmap(void)
{
	char *page = pages_map(PAGE_BYTES);

	page_touch(page);
	munmap(page, PAGE_BYTES);
}

static void run_map_touch_unmap(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	(void)micro;
	TIMED(cost, n, map_touch_unmap());
}

/* Only the touching is timed. The area is too small for a large page, so each touch is one fault.
 */
static void run_first_touch(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	struct switch_cost part;

	(void)micro;
	*cost = (struct switch_cost){0};
	for (unsigned i = 0; i < n; i++) {
		char *area = pages_map(TOUCH_BYTES), *page = area;

		TIMED(&part, TOUCH_BYTES / PAGE_BYTES, (page_touch(page), page += PAGE_BYTES));
		munmap(area, TOUCH_BYTES);
		cost->ticks += part.ticks;
		cost->ns += part.ns;
	}
}

static void malloc_free(size_t bytes)
{
	void *memory = malloc(bytes);

	BENCH_KEEP(memory);
	free(memory);
}

static void run_malloc(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	TIMED(cost, n, malloc_free(micro->bytes));
}

static void *thread_main(void *argument)
{
	return argument;
}

static void thread_create_join(void)
{
	pthread_t thread;

	bench_check_code(pthread_create(&thread, NULL, thread_main, NULL), "pthread_create");
	bench_check_code(pthread_join(thread, NULL), "pthread_join");
}

static void run_thread(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	(void)micro;
	TIMED(cost, n, thread_create_join());
}

static const int any_cpu[2] = {SWITCH_ANY_CPU, SWITCH_ANY_CPU};

static void run_mutex(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	(void)micro;
	switch_mutex_run(n, any_cpu, cost);
}

static void run_switch(const struct micro *micro, unsigned n, struct switch_cost *cost)
{
	const struct switch_kind *kind = switch_kinds;

	while (strcmp(kind->name, micro->kind))
		kind++;
	switch_run(kind, n, any_cpu, cost);
}

static const struct micro micros[] = {
	{"syscall_getpid", run_syscall_getpid, 5000, 1, 0, NULL},
	{"getpid", run_getpid, 20000, 1, 0, NULL},
	{"clock_gettime", run_clock_gettime, 20000, 1, 0, NULL},
	{"sched_yield", run_sched_yield, 5000, 1, 0, NULL},
	{"map_touch_unmap", run_map_touch_unmap, 500, 1, 0, NULL},
	{"first_touch_4k", run_first_touch, 10, TOUCH_BYTES / PAGE_BYTES, 0, NULL},
	{"malloc_free_16", run_malloc, 5000, 1, 16, NULL},
	{"malloc_free_1k", run_malloc, 5000, 1, 1u << 10, NULL},
	{"malloc_free_64k", run_malloc, 2000, 1, 64u << 10, NULL},
	{"malloc_free_1m", run_malloc, 200, 1, 1u << 20, NULL},
	{"thread_create_join", run_thread, 200, 1, 0, NULL},
	{"mutex_handover", run_mutex, 500, 2, 0, NULL},
	{"condvar_pingpong", run_switch, 500, 1, 0, "condvar"},
	{"semaphore_pingpong", run_switch, 500, 1, 0, "semaphore"},
	{"futex_pingpong", run_switch, 500, 1, 0, "futex"},
	{"pipe_pingpong", run_switch, 500, 1, 0, "pipe"},
	{"eventfd_pingpong", run_switch, 500, 1, 0, "eventfd"},
};

#define MICRO_COUNT (sizeof(micros) / sizeof(micros[0]))

/* Cost of one operation: the batch without the empty batch, never below zero. */
static double per_operation(uint64_t batch, uint64_t empty, uint64_t operations)
{
	return batch > empty ? (double)(batch - empty) / (double)operations : 0.0;
}

static void micro_report(const struct micro *micro, unsigned batches, unsigned n)
{
	static const struct micro empty = {"empty", run_empty, 0, 1, 0, NULL};
	uint64_t ticks[BATCHES], ns[BATCHES], operations = (uint64_t)n * micro->per_run;
	struct switch_cost cost, loop = {0};

	micro->run(micro, n / QUICK_DIVISOR + 1,
		   &cost); /* warm caches, translations and free lists */
	for (unsigned i = 0; i < batches; i++) {
		struct switch_cost now;

		run_empty(&empty, (unsigned)operations, &now);
		if (i == 0 || now.ticks < loop.ticks)
			loop.ticks = now.ticks;
		if (i == 0 || now.ns < loop.ns)
			loop.ns = now.ns;
	}
	for (unsigned i = 0; i < batches; i++) {
		micro->run(micro, n, &cost);
		ticks[i] = cost.ticks;
		ns[i] = cost.ns;
	}
	uint64_t ticks_median = bench_median(ticks, batches), ns_median = bench_median(ns, batches);

	printf("bench=%s n=%llu ticks_min=%.1f ticks_median=%.1f ns_min=%.1f ns_median=%.1f\n",
	       micro->name, (unsigned long long)operations,
	       per_operation(ticks[0], loop.ticks, operations),
	       per_operation(ticks_median, loop.ticks, operations),
	       per_operation(ns[0], loop.ns, operations),
	       per_operation(ns_median, loop.ns, operations));
	fflush(stdout);
}

static bool is_wanted(const struct micro *micro, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], micro->name) == 0)
			return true;
	return count == 0;
}

static void names_check(int count, char **names)
{
	for (int i = 0; i < count; i++) {
		bool known = false;

		for (unsigned m = 0; m < MICRO_COUNT && !known; m++)
			known = strcmp(names[i], micros[m].name) == 0;
		if (!known) {
			fprintf(stderr, "micro: no benchmark has the name '%s'\n", names[i]);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	bool quick = false, list = false;
	int option;

	while ((option = getopt(argc, argv, "lq")) != -1) {
		if (option == '?') {
			fprintf(stderr, "usage: micro [-l] [-q] [NAME...]\n");
			return 2;
		}
		list |= option == 'l';
		quick |= option == 'q';
	}
	names_check(argc - optind, argv + optind);
	for (unsigned i = 0; i < MICRO_COUNT; i++) {
		if (!is_wanted(&micros[i], argc - optind, argv + optind))
			continue;
		if (list)
			printf("%s\n", micros[i].name);
		else
			micro_report(&micros[i], quick ? BATCHES_QUICK : BATCHES,
				     quick ? micros[i].n / QUICK_DIVISOR : micros[i].n);
	}
	return 0;
}
