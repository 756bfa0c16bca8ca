/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ticks: how many timer interrupts does a CPU take while it runs a single thread?
 *
 *   ticks [-d SECONDS] [-c CPU]
 *
 * The thread stays on one CPU (the first it may use) and reads the clock, without a system call,
 * until the time is over. Before and after, the kernel's own count is read: the line "LOC:" of
 * /proc/interrupts. Prints "cpu=C seconds=S timer_interrupts=N".
 */
#define _GNU_SOURCE /* sched_setaffinity */
#include "bench.h"

#include <inttypes.h>
#include <sched.h>
#include <unistd.h>

#define DEFAULT_SECONDS 10u
#define SECONDS_MAX	3600u
#define INTERRUPTS	"/proc/interrupts"

static int cpu_first(void)
{
	cpu_set_t allowed;
	int cpu = 0;

	bench_check(sched_getaffinity(0, sizeof(allowed), &allowed), "sched_getaffinity");
	while (!CPU_ISSET((size_t)cpu, &allowed))
		cpu++;
	return cpu;
}

static void stay_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	bench_check(sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
}

/* The column of CPU number `cpu` in a line of counts; all CPUs are online. */
static uint64_t column(const char *counts, int cpu)
{
	char *end = NULL;
	uint64_t count = strtoull(counts, &end, 10);

	for (int i = 0; i < cpu && end != counts; i++) {
		counts = end;
		count = strtoull(counts, &end, 10);
	}
	errno = EPROTO;
	bench_check(end == counts, INTERRUPTS);
	return count;
}

static uint64_t timer_interrupts(int cpu)
{
	char line[8192];
	FILE *file = fopen(INTERRUPTS, "r");
	uint64_t count = 0;
	int found = 0;

	bench_check(!file, INTERRUPTS);
	while (!found && fgets(line, sizeof(line), file)) {
		char *start = line + strspn(line, " ");

		found = strncmp(start, "LOC:", 4) == 0;
		if (found)
			count = column(start + 4, cpu);
	}
	errno = EPROTO;
	bench_check(!found, INTERRUPTS);
	fclose(file);
	return count;
}

static void spin(uint64_t ns)
{
	uint64_t start = bench_ns();

	while (bench_ns() - start < ns)
		continue;
}

int main(int argc, char **argv)
{
	uint64_t seconds = DEFAULT_SECONDS, before;
	int cpu = -1, option;

	while ((option = getopt(argc, argv, "d:c:")) != -1) {
		if (option == 'd')
			seconds = bench_number(optarg, 1, SECONDS_MAX, "-d");
		else if (option == 'c')
			cpu = (int)bench_number(optarg, 0, CPU_SETSIZE - 1, "-c");
		else {
			fprintf(stderr, "usage: ticks [-d SECONDS] [-c CPU]\n");
			return 2;
		}
	}
	if (cpu < 0)
		cpu = cpu_first();
	stay_on(cpu);
	before = timer_interrupts(cpu);
	spin(seconds * BENCH_NS_PER_S);
	printf("cpu=%d seconds=%" PRIu64 " timer_interrupts=%" PRIu64 "\n", cpu, seconds,
	       timer_interrupts(cpu) - before);
	return 0;
}
