/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cpus [COUNT]: proves that all sources agree on the number of CPUs (COUNT, unless it is 0), that
 * affinity is obeyed by running, sleeping and new threads, that busy threads spread over the CPUs,
 * and that OpenMP uses as many threads as there are CPUs and binds them as OMP_PROC_BIND and
 * OMP_PLACES say.
 *
 * cpus spin SECONDS: a thread on each CPU computes, nothing else. cpus exit, cpus crash: the
 * program ends while threads compute on all CPUs.
 */
#include "common/check.h"

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX  64
#define PATIENCE     20 /* seconds */
#define ALARM_STATUS 9

static cpu_set_t all;
static int count; /* CPUs that the program may use */

/* Where a thread was last; -1: nowhere yet. */
struct seat {
	atomic_int cpu;
};
static struct seat at[THREADS_MAX];
static atomic_int stop;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The number of the CPU that is the INDEXth of those that the program may use. */
static int cpu_at(int index)
{
	int cpu = -1;

	while (index >= 0)
		index -= CPU_ISSET((size_t)++cpu, &all) != 0;
	return cpu;
}

static cpu_set_t only(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return set;
}

static int lines_of(const char *path, const char *start)
{
	char line[4096];
	int found = 0;
	FILE *file = fopen(path, "r");

	if (!file)
		check_die(path);
	while (fgets(line, sizeof(line), file))
		found += strncmp(line, start, strlen(start)) == 0;
	fclose(file);
	return found;
}

/* CPUs in a list such as "0-3,5". */
static int listed(const char *path)
{
	int first, last, found = 0;
	char next;
	FILE *file = fopen(path, "r");

	if (!file)
		check_die(path);
	do {
		if (fscanf(file, "%d%c", &first, &next) != 2)
			break;
		last = first;
		if (next == '-' && fscanf(file, "%d%c", &last, &next) != 2)
			break;
		found += last - first + 1;
	} while (next == ',');
	fclose(file);
	return found;
}

static void counts(int expected)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	const char *threads = getenv("OMP_NUM_THREADS");

	check_section("the number of CPUs");
	CHECK(!expected || (count == expected && online == expected));
	CHECK(count >= 1 && count <= online && online <= sysconf(_SC_NPROCESSORS_CONF));
	CHECK(lines_of("/proc/cpuinfo", "processor\t:") == online);
	CHECK(lines_of("/proc/stat", "cpu") == online + 1);
	CHECK(listed("/sys/devices/system/cpu/online") == online);
	CHECK(omp_get_num_procs() == count);
	CHECK(omp_get_max_threads() == (threads ? atoi(threads) : count));
}

static void errors(void)
{
	cpu_set_t set;
	unsigned long word = 0;

	check_section("errors");
	CPU_ZERO(&set);
	SHOW(sched_setaffinity(0, sizeof(set), &set));
	CPU_SET(CPU_SETSIZE - 1, &set);
	SHOW(sched_setaffinity(0, sizeof(set), &set));
	SHOW(sched_setaffinity(0, sizeof(set), bad_pointer));
	SHOW(sched_setaffinity(4194000, sizeof(all), &all));
	SHOW(sched_getaffinity(4194000, sizeof(set), &set));
	SHOW(sched_getaffinity(0, sizeof(set), bad_pointer));
	SHOW(syscall(SYS_sched_getaffinity, 0, 0, &word));
	SHOW(syscall(SYS_sched_getaffinity, 0, 3, &word));
	CHECK(sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_EQUAL(&set, &all));
}

static void *spin(void *argument)
{
	struct seat *here = argument;

	while (!atomic_load(&stop))
		atomic_store(&here->cpu, sched_getcpu());
	return NULL;
}

/* Waits until CPU is in WHERE. */
static int arrives(const struct seat *where, int cpu)
{
	double end = seconds() + PATIENCE;

	while (atomic_load(&where->cpu) != cpu) {
		if (seconds() > end)
			return 0;
		sched_yield();
	}
	return 1;
}

static sem_t wake, woken;
static atomic_int asleep_no_more;

static void *sleeper(void *argument)
{
	struct seat *here = argument;

	while (!atomic_load(&asleep_no_more)) {
		while (sem_wait(&wake))
			continue;
		atomic_store(&here->cpu, sched_getcpu());
		sem_post(&woken);
	}
	return NULL;
}

static void affinity(void)
{
	pthread_t spinning, sleeping, fresh;
	pthread_attr_t attributes;
	int self = 0, started = 0, moved = 0, waking = 0;
	struct seat here[3] = {{-1}, {-1}, {-1}};

	check_section("affinity");
	atomic_store(&stop, 0);
	MUST(sem_init(&wake, 0, 0));
	MUST(sem_init(&woken, 0, 0));
	MUST(-pthread_create(&spinning, NULL, spin, &here[0]));
	MUST(-pthread_create(&sleeping, NULL, sleeper, &here[1]));
	for (int i = 0; i < count; i++) {
		int cpu = cpu_at(i);
		cpu_set_t set = only(cpu), got;

		moved += !pthread_setaffinity_np(spinning, sizeof(set), &set) &&
			 arrives(&here[0], cpu);
		MUST(-pthread_setaffinity_np(sleeping, sizeof(set), &set));
		sem_post(&wake);
		while (sem_wait(&woken))
			continue;
		waking += here[1].cpu == cpu;
		pthread_attr_init(&attributes);
		MUST(-pthread_attr_setaffinity_np(&attributes, sizeof(set), &set));
		MUST(-pthread_create(&fresh, &attributes, spin, &here[2]));
		started += arrives(&here[2], cpu);
		MUST(-pthread_getaffinity_np(fresh, sizeof(got), &got));
		started += CPU_EQUAL(&got, &set);
		atomic_store(&stop, 1);
		pthread_join(fresh, NULL);
		pthread_join(spinning, NULL);
		atomic_store(&stop, 0);
		pthread_attr_destroy(&attributes);
		MUST(-pthread_create(&spinning, NULL, spin, &here[0]));
		self += !sched_setaffinity(0, sizeof(set), &set) && sched_getcpu() == cpu;
		MUST(sched_setaffinity(0, sizeof(all), &all));
	}
	atomic_store(&stop, 1);
	atomic_store(&asleep_no_more, 1);
	sem_post(&wake);
	pthread_join(spinning, NULL);
	pthread_join(sleeping, NULL);
	CHECK(self == count);
	CHECK(moved == count);
	CHECK(waking == count);
	CHECK(started == 2 * count);
}

/* Are the first COUNT threads on different CPUs, sooner or later? */
static int spread_out(void)
{
	double end = seconds() + PATIENCE;
	cpu_set_t used;

	do {
		CPU_ZERO(&used);
		for (int i = 0; i < count; i++) {
			if (at[i].cpu >= 0)
				CPU_SET((size_t)at[i].cpu, &used);
		}
		if (CPU_COUNT(&used) == count)
			return 1;
		usleep(1000);
	} while (seconds() < end);
	return 0;
}

static void spreading(void)
{
	pthread_t threads[THREADS_MAX];

	check_section("busy threads use all CPUs");
	atomic_store(&stop, 0);
	for (int i = 0; i < count; i++) {
		at[i].cpu = -1;
		MUST(-pthread_create(&threads[i], NULL, spin, &at[i]));
	}
	CHECK(spread_out());
	atomic_store(&stop, 1);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void bound(void)
{
	int alone = 0, apart = 0, places = omp_get_num_places(), threads = omp_get_max_threads();
	cpu_set_t used;

	check_section("OpenMP's places");
	CPU_ZERO(&used);
#pragma omp parallel reduction(+ : alone)
	{
		cpu_set_t mine;

		MUST(sched_getaffinity(0, sizeof(mine), &mine));
		alone += CPU_COUNT(&mine) == 1;
#pragma omp critical
		CPU_OR(&used, &used, &mine);
	}
	apart = CPU_COUNT(&used);
	CHECK(places == 0 || places == count);
	CHECK(places == 0 ? apart == count : alone == threads);
	CHECK(places == 0 || apart == (threads < count ? threads : count));
}

/* The CPUs that the program may use. Where OpenMP binds threads it has bound this one already. */
static void find_all(void)
{
	int ids[THREADS_MAX];

	MUST(sched_getaffinity(0, sizeof(all), &all));
	for (int place = 0; place < omp_get_num_places(); place++) {
		int procs = omp_get_place_num_procs(place);

		if (procs > THREADS_MAX)
			check_die("a large place");
		omp_get_place_proc_ids(place, ids);
		for (int i = 0; i < procs; i++)
			CPU_SET((size_t)ids[i], &all);
	}
	count = CPU_COUNT(&all);
	if (count > THREADS_MAX)
		check_die("too many CPUs");
}

static void occupy(void)
{
	pthread_t thread;

	for (int i = 1; i < count; i++) {
		cpu_set_t set = only(cpu_at(i));

		at[i].cpu = -1;
		MUST(-pthread_create(&thread, NULL, spin, &at[i]));
		MUST(-pthread_setaffinity_np(thread, sizeof(set), &set));
		if (!arrives(&at[i], cpu_at(i)))
			check_die("a thread does not run");
	}
}

static int end_while_busy(const char *how, const char *time)
{
	double end;

	printf("the threads run\n");
	fflush(stdout);
	occupy();
	if (strcmp(how, "exit") == 0)
		return 7;
	if (strcmp(how, "crash") == 0)
		return *(volatile int *)bad_pointer;
	end = seconds() + atof(time ? time : "1");
	while (seconds() < end)
		continue;
	return 0;
}

int main(int argc, char **argv)
{
	find_all();
	if (argc > 1 && argv[1][0] > '9')
		return end_while_busy(argv[1], argv[2]);
	bound(); /* first: it may bind this thread, too */
	if (omp_get_num_places())
		MUST(sched_setaffinity(0, sizeof(all), &all));
	counts(argc > 1 ? atoi(argv[1]) : 0);
	errors();
	affinity();
	spreading();
	return check_done();
}
