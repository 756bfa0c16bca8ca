/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * openmpbench: what OpenMP's constructs cost.
 *
 *   openmpbench [-o MEASUREMENTS] [-t TARGET_US] [-d DELAY_US] [sync|sched|task...]
 *
 * All three groups without an argument. See epcc.h for the method.
 */
#include "epcc.h"

#include "../bench.h"

#include <unistd.h>

#define DEFAULT_OUTER	  20u
#define DEFAULT_TARGET_US 1000.0

static const struct {
	const char *name;
	const struct epcc_group *group;
} groups[] = {{"sync", &epcc_sync}, {"sched", &epcc_sched}, {"task", &epcc_task}};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

static const struct epcc_group *group_find(const char *name)
{
	for (unsigned i = 0; i < GROUP_COUNT; i++)
		if (strcmp(groups[i].name, name) == 0)
			return groups[i].group;
	fprintf(stderr, "openmpbench: there is no group '%s'\n", name);
	exit(2);
}

static double microseconds(const char *text, const char *option)
{
	char *end;
	double value = strtod(text, &end);

	if (end != text && *end == '\0' && value > 0 && value < 1e9)
		return value;
	fprintf(stderr, "openmpbench: %s takes a positive number of microseconds\n", option);
	exit(2);
}

int main(int argc, char **argv)
{
	struct epcc_settings settings = {.outer = DEFAULT_OUTER, .target_us = DEFAULT_TARGET_US};
	int option;

	while ((option = getopt(argc, argv, "o:t:d:")) != -1) {
		if (option == 'o')
			settings.outer = (unsigned)bench_number(optarg, 2, 1u << 20, "-o");
		else if (option == 't')
			settings.target_us = microseconds(optarg, "-t");
		else if (option == 'd')
			settings.delay_us = microseconds(optarg, "-d");
		else {
			fprintf(stderr, "usage: openmpbench [-o MEASUREMENTS] [-t TARGET_US] "
					"[-d DELAY_US] [sync|sched|task...]\n");
			return 2;
		}
	}
	for (int i = optind; i < argc; i++)
		group_find(argv[i]);
	if (optind == argc)
		for (unsigned i = 0; i < GROUP_COUNT; i++)
			epcc_group_run(groups[i].group, &settings);
	for (int i = optind; i < argc; i++)
		epcc_group_run(group_find(argv[i]), &settings);
	return 0;
}
