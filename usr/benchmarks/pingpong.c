/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pingpong: how long it takes one thread to wake another and to be woken by it.
 *
 *   pingpong [-n ROUNDS] [-c CPU,CPU] [KIND...]
 *
 * Kinds: futex, semaphore, condvar, pipe, eventfd (all of them without an argument). -c binds the
 * two threads to two CPUs, or to one. Prints the median and the best of several batches, for one
 * round: there and back, two wake-ups.
 */
#include "bench.h"
#include "switches.h"

#include <stdbool.h>
#include <unistd.h>

#define BATCHES	       9u
#define DEFAULT_ROUNDS 2000u
#define CPU_MAX	       1023u

static bool is_wanted(const struct switch_kind *kind, int count, char **names)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], kind->name) == 0)
			return true;
	return count == 0;
}

static void names_check(int count, char **names)
{
	for (int i = 0; i < count; i++) {
		const struct switch_kind *kind = switch_kinds;

		while (kind->name && strcmp(kind->name, names[i]))
			kind++;
		if (!kind->name) {
			fprintf(stderr, "pingpong: there is no kind '%s'\n", names[i]);
			exit(2);
		}
	}
}

static void cpus_parse(char *text, int cpu[2])
{
	char *comma = strchr(text, ',');

	if (!comma) {
		fprintf(stderr, "pingpong: -c takes two CPUs, as in -c 0,1\n");
		exit(2);
	}
	*comma = '\0';
	cpu[0] = (int)bench_number(text, 0, CPU_MAX, "-c");
	cpu[1] = (int)bench_number(comma + 1, 0, CPU_MAX, "-c");
}

static void kind_report(const struct switch_kind *kind, unsigned rounds, const int cpu[2])
{
	uint64_t ns[BATCHES];
	uint64_t median;

	for (unsigned i = 0; i < BATCHES; i++) {
		struct switch_cost cost;

		switch_run(kind, rounds, cpu, &cost);
		ns[i] = cost.ns;
	}
	median = bench_median(ns, BATCHES);
	printf("%-10s %10.1f %10.1f\n", kind->name, (double)median / rounds,
	       (double)ns[0] / rounds);
}

int main(int argc, char **argv)
{
	unsigned rounds = DEFAULT_ROUNDS;
	int cpu[2] = {SWITCH_ANY_CPU, SWITCH_ANY_CPU};
	int option;

	while ((option = getopt(argc, argv, "n:c:")) != -1) {
		if (option == 'n')
			rounds = (unsigned)bench_number(optarg, 1, 1u << 30, "-n");
		else if (option == 'c')
			cpus_parse(optarg, cpu);
		else {
			fprintf(stderr, "usage: pingpong [-n ROUNDS] [-c CPU,CPU] [KIND...]\n");
			return 2;
		}
	}
	names_check(argc - optind, argv + optind);
	printf("%-10s %10s %10s   (ns for one round, %u rounds in a batch)\n", "kind", "median",
	       "best", rounds);
	for (const struct switch_kind *kind = switch_kinds; kind->name; kind++)
		if (is_wanted(kind, argc - optind, argv + optind))
			kind_report(kind, rounds, cpu);
	return 0;
}
