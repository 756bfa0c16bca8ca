/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hg (hourglass): how often, and for how long, is a program kept from running?
 *
 * One thread reads the time stamp counter in a tight loop. Two readings are normally a few ticks
 * apart; each larger gap is time in which something else had the processor: an interrupt, another
 * task, the hypervisor, the host. The method is that of the hourglass benchmark (Regehr).
 *
 *   hg [-d TIME] [-r hist|list] [-c COUNT] [-b TICKS] [-t THRESHOLD] [-o PREFIX]
 *
 * The first second is a warm-up that also finds the rate of the counter. All that the measuring
 * loop touches is allocated and written before it starts. With -o, PREFIX.csv gets the histogram or
 * the list and PREFIX.gp a gnuplot program that turns it into PREFIX.svg.
 */
#include "bench.h"

#include <inttypes.h>
#include <stdbool.h>
#include <unistd.h>

#define DEFAULT_SECONDS	 4u
#define DEFAULT_BINS	 100u
#define DEFAULT_ENTRIES	 1000u
#define DEFAULT_WIDTH	 50u
#define DEFAULT_LIMIT_NS 5000u
#define COUNT_MAX	 (1u << 24)
#define SECONDS_MAX	 (1000u * 3600u)

enum report { REPORT_STATISTICS, REPORT_HISTOGRAM, REPORT_LIST };

struct options {
	uint64_t seconds;
	enum report report;
	uint64_t count;	    /* bins or list entries; 0: the default */
	uint64_t bin_width; /* ticks */
	const char *threshold;
	const char *prefix;
};

struct entry {
	uint64_t when; /* ticks since the start of the measurement */
	uint64_t gap;  /* ticks */
};

struct result {
	uint64_t loops, total, min, max, max_loop;
	uint64_t gaps;	    /* at or above the threshold */
	uint64_t *bins;	    /* the last one also counts all that is larger */
	struct entry *list; /* the first `count` gaps */
	uint64_t listed;
};

static void usage(void)
{
	printf("usage: hg [options]\n"
	       "  -d TIME       how long to measure, in seconds, or with suffix m or h (default %u)\n"
	       "  -r hist|list  print a histogram, or a list of the gaps (default: statistics only)\n"
	       "  -c COUNT      bins (default %u) or entries of the list (default %u)\n"
	       "  -b TICKS      width of a bin (default %u)\n"
	       "  -t THRESHOLD  record gaps from this size on, in ticks or with suffix ns or us\n"
	       "                (default: 0 for the histogram, %u ns else)\n"
	       "  -o PREFIX     write PREFIX.csv and PREFIX.gp\n"
	       "  -h            this text\n",
	       DEFAULT_SECONDS, DEFAULT_BINS, DEFAULT_ENTRIES, DEFAULT_WIDTH, DEFAULT_LIMIT_NS);
}

/* Splits a number with one of the suffixes; returns the number and the index of the suffix. */
static uint64_t suffixed(const char *text, const char *const suffixes[], unsigned *which)
{
	char digits[32];
	size_t length = strspn(text, "0123456789");

	if (length > 0 && length < sizeof(digits)) {
		memcpy(digits, text, length);
		digits[length] = '\0';
		for (*which = 0; suffixes[*which]; (*which)++)
			if (strcmp(text + length, suffixes[*which]) == 0)
				return bench_number(digits, 0, 1ull << 40, text);
	}
	fprintf(stderr, "hg: '%s' is not a number with a unit that fits\n", text);
	exit(2);
}

static uint64_t seconds_parse(const char *text)
{
	static const char *const suffixes[] = {"", "s", "m", "h", NULL};
	static const uint64_t factors[] = {1, 1, 60, 3600};
	unsigned which;
	uint64_t value = suffixed(text, suffixes, &which);

	if (value == 0 || value > SECONDS_MAX / factors[which]) {
		fprintf(stderr, "hg: -d takes from 1 s to %u h\n", SECONDS_MAX / 3600);
		exit(2);
	}
	return value * factors[which];
}

static uint64_t threshold_parse(const struct options *options, double ticks_per_ns)
{
	static const char *const suffixes[] = {"", "ns", "us", NULL};
	unsigned which;
	uint64_t value;

	if (!options->threshold)
		return options->report == REPORT_HISTOGRAM
			       ? 0
			       : (uint64_t)(DEFAULT_LIMIT_NS * ticks_per_ns);
	value = suffixed(options->threshold, suffixes, &which);
	if (which == 0)
		return value;
	return (uint64_t)((double)value * (which == 2 ? 1000 : 1) * ticks_per_ns);
}

static enum report report_parse(const char *text)
{
	if (strcmp(text, "hist") == 0)
		return REPORT_HISTOGRAM;
	if (strcmp(text, "list") == 0)
		return REPORT_LIST;
	fprintf(stderr, "hg: -r takes hist or list\n");
	exit(2);
}

static void options_parse(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "d:r:c:b:t:o:h")) != -1) {
		if (option == 'd')
			options->seconds = seconds_parse(optarg);
		else if (option == 'r')
			options->report = report_parse(optarg);
		else if (option == 'c')
			options->count = bench_number(optarg, 1, COUNT_MAX, "-c");
		else if (option == 'b')
			options->bin_width = bench_number(optarg, 1, UINT32_MAX, "-b");
		else if (option == 't')
			options->threshold = optarg;
		else if (option == 'o')
			options->prefix = optarg;
		else {
			usage();
			exit(option == 'h' ? 0 : 2);
		}
	}
	if (!options->count)
		options->count = options->report == REPORT_LIST ? DEFAULT_ENTRIES : DEFAULT_BINS;
}

/* Spins for a second. Returns the ticks in a nanosecond. */
static double warm_up(void)
{
	uint64_t start_ns = bench_ns(), start = bench_ticks(), now_ns;

	do
		now_ns = bench_ns();
	while (now_ns - start_ns < BENCH_NS_PER_S);
	return (double)(bench_ticks() - start) / (double)(now_ns - start_ns);
}

static void result_allocate(struct result *result, const struct options *options)
{
	result->min = UINT64_MAX;
	result->bins = malloc(options->count * sizeof(result->bins[0]));
	result->list = malloc(options->count * sizeof(result->list[0]));
	bench_check(!result->bins || !result->list, "malloc");
	memset(result->bins, 0, options->count * sizeof(result->bins[0]));
	/* Not zero, so that the compiler cannot turn this into calloc(): the pages have to exist.
	 */
	memset(result->list, 0xff, options->count * sizeof(result->list[0]));
}

static void gap_record(struct result *result, const struct options *options, uint64_t when,
		       uint64_t gap)
{
	uint64_t bin = gap / options->bin_width;

	result->gaps++;
	result->bins[bin < options->count ? bin : options->count - 1]++;
	if (result->listed < options->count && options->report == REPORT_LIST)
		result->list[result->listed++] = (struct entry){when, gap};
}

static void measure(struct result *result, const struct options *options, uint64_t duration,
		    uint64_t threshold)
{
	uint64_t start = bench_ticks(), last = start, loops = 0;

	while (last - start < duration) {
		uint64_t now = bench_ticks(), gap = now - last;

		loops++;
		if (gap < result->min)
			result->min = gap;
		if (gap > result->max) {
			result->max = gap;
			result->max_loop = loops;
		}
		if (gap >= threshold) {
			gap_record(result, options, now - start, gap);
			now = bench_ticks(); /* keeping the record is no gap */
		}
		last = now;
	}
	result->loops = loops;
	result->total = last - start;
}

static void statistics_print(const struct result *result, double ticks_per_ns, uint64_t threshold)
{
	printf("Ticks per microsecond: %.3f\n", ticks_per_ns * 1e3);
	printf("Number of loops: %" PRIu64 "\n", result->loops);
	printf("Loop time (min, average, max): %" PRIu64 ", %" PRIu64 ", %" PRIu64
	       " ticks (max in loop %" PRIu64 ")\n",
	       result->min, result->total / result->loops, result->max, result->max_loop);
	printf("Gaps from %" PRIu64 " ticks on: %" PRIu64 "\n", threshold, result->gaps);
}

/* The data as CSV: one line for each bin that is not empty, or for each gap of the list. */
static void data_write(FILE *file, const struct result *result, const struct options *options)
{
	if (options->report == REPORT_LIST) {
		fprintf(file, "when_ticks,gap_ticks\n");
		for (uint64_t i = 0; i < result->listed; i++)
			fprintf(file, "%" PRIu64 ",%" PRIu64 "\n", result->list[i].when,
				result->list[i].gap);
		return;
	}
	fprintf(file, "from_ticks,count\n");
	for (uint64_t i = 0; i < options->count; i++)
		if (result->bins[i])
			fprintf(file, "%" PRIu64 ",%" PRIu64 "\n", i * options->bin_width,
				result->bins[i]);
}

static FILE *output_open(const char *prefix, const char *suffix)
{
	char path[4096];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s%s", prefix, suffix) >= (int)sizeof(path))
		errno = ENAMETOOLONG, bench_check(1, prefix);
	file = fopen(path, "w");
	bench_check(!file, path);
	return file;
}

static void output_close(FILE *file, const char *prefix)
{
	bench_check(ferror(file) != 0, prefix);
	bench_check(fclose(file) != 0, prefix);
}

static void files_write(const struct result *result, const struct options *options)
{
	bool is_list = options->report == REPORT_LIST;
	FILE *file = output_open(options->prefix, ".csv");

	data_write(file, result, options);
	output_close(file, options->prefix);
	file = output_open(options->prefix, ".gp");
	fprintf(file, "set terminal svg size 900,500\nset output '%s.svg'\n", options->prefix);
	fprintf(file, "set datafile separator ','\nset key off\nset grid\nset logscale y\n");
	fprintf(file, "set xlabel '%s'\nset ylabel '%s'\n",
		is_list ? "time in ticks" : "gap in ticks", is_list ? "gap in ticks" : "number");
	fprintf(file, "plot '%s.csv' skip 1 using 1:2 with %s\n", options->prefix,
		is_list ? "points" : "impulses");
	output_close(file, options->prefix);
}

int main(int argc, char **argv)
{
	struct options options = {.seconds = DEFAULT_SECONDS, .bin_width = DEFAULT_WIDTH};
	struct result result = {0};
	uint64_t threshold;
	double ticks_per_ns;

	options_parse(argc, argv, &options);
	result_allocate(&result, &options);
	ticks_per_ns = warm_up();
	threshold = threshold_parse(&options, ticks_per_ns);
	measure(&result, &options,
		(uint64_t)((double)options.seconds * BENCH_NS_PER_S * ticks_per_ns), threshold);
	statistics_print(&result, ticks_per_ns, threshold);
	if (options.report != REPORT_STATISTICS)
		data_write(stdout, &result, &options);
	if (options.prefix)
		files_write(&result, &options);
	free(result.bins);
	free(result.list);
	return 0;
}
