/* SPDX-License-Identifier: BSD-3-Clause */
/* numa: on which nodes memory lies, on a machine with several of them that all have CPUs. */
#include "numa.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGES	  16
#define NODES_MAX 64
#define MOVES	  200

static unsigned node_count;
static int cpu_of[NODES_MAX]; /* one of each node */

/* Runs on a CPU of NODE from now on. */
static void go_to(unsigned node)
{
	unsigned cpu, here;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu_of[node], &one);
	MUST(sched_setaffinity(0, sizeof(one), &one));
	MUST(getcpu(&cpu, &here));
	if ((int)cpu != cpu_of[node] || here != node)
		CHECK(here == node);
}

static void find_nodes(void)
{
	cpu_set_t all;

	MUST(sched_getaffinity(0, sizeof(all), &all));
	memset(cpu_of, -1, sizeof(cpu_of));
	for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
		unsigned here, node;
		cpu_set_t one;

		if (!CPU_ISSET((size_t)cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET((size_t)cpu, &one);
		MUST(sched_setaffinity(0, sizeof(one), &one));
		MUST(getcpu(&here, &node));
		if (node < NODES_MAX)
			cpu_of[node] = cpu;
	}
	while (node_count < NODES_MAX && cpu_of[node_count] >= 0)
		node_count++;
	printf("%u nodes\n", node_count);
}

/* How many of the pages lie on NODE. */
static int count_on(char *memory, int node)
{
	int count = 0;

	for (int i = 0; i < PAGES; i++)
		count += node_of(memory + i * (int)PAGE) == node;
	return count;
}

static void first_touch(void)
{
	char *memory;

	check_section("first touch");
	for (unsigned node = 0; node < node_count; node++) {
		go_to(node);
		memory = map(PAGES * PAGE);
		memset(memory, 1, PAGES * PAGE);
		CHECK(count_on(memory, (int)node) == PAGES);
		munmap(memory, PAGES * PAGE);
	}
}

/* From node 0, memory of each other node. */
static void by_policy(void)
{
	unsigned long all = (1ul << node_count) - 1;
	char *memory;

	check_section("policies");
	go_to(0);
	for (unsigned node = 0; node < node_count; node++) {
		memory = map(PAGES * PAGE);
		MUST(set_mempolicy(MPOL_BIND, MASK(1ul << node), BITS));
		memset(memory, 1, PAGES * PAGE);
		MUST(set_mempolicy(MPOL_DEFAULT, NULL, 0));
		CHECK(count_on(memory, (int)node) == PAGES);
		munmap(memory, PAGES * PAGE);
		memory = map(PAGES * PAGE);
		MUST(mbind(memory, PAGES * PAGE, MPOL_PREFERRED, MASK(1ul << node), BITS, 0));
		memset(memory, 1, PAGES * PAGE);
		CHECK(count_on(memory, (int)node) == PAGES);
		munmap(memory, PAGES * PAGE);
	}
	memory = map(PAGES * PAGE);
	MUST(mbind(memory, PAGES * PAGE, MPOL_INTERLEAVE, MASK(all), BITS, 0));
	memset(memory, 1, PAGES * PAGE);
	for (unsigned node = 0; node < node_count; node++)
		CHECK(count_on(memory, (int)node) >= PAGES / (int)node_count);
	munmap(memory, PAGES * PAGE);
}

static void moving(void)
{
	char *memory = map(PAGES * PAGE);
	void *pages[PAGES];
	int nodes[PAGES], status[PAGES];

	check_section("moving");
	go_to(0);
	for (int i = 0; i < PAGES; i++) {
		memory[i * (int)PAGE] = (char)i;
		pages[i] = memory + i * (int)PAGE;
		nodes[i] = i % (int)node_count;
	}
	SHOW(move_pages(0, PAGES, pages, nodes, status, MPOL_MF_MOVE));
	CHECK(memcmp(nodes, status, sizeof(nodes)) == 0);
	SHOW(mbind(memory, PAGES * PAGE, MPOL_BIND, MASK(1), BITS, MPOL_MF_STRICT));
	SHOW(mbind(memory, PAGES * PAGE, MPOL_BIND, MASK(2), BITS, MPOL_MF_STRICT | MPOL_MF_MOVE));
	CHECK(count_on(memory, 1) == PAGES);
	SHOW(migrate_pages(0, BITS, MASK(2), MASK(1)));
	CHECK(count_on(memory, 0) == PAGES);
	for (int i = 0; i < PAGES; i++) {
		if (memory[i * (int)PAGE] != (char)i)
			CHECK(memory[i * (int)PAGE] == (char)i);
	}
	munmap(memory, PAGES * PAGE);
}

struct counter {
	_Atomic long value;
	char fill[PAGE - sizeof(long)];
};

static struct counter *counters;
static atomic_bool stop;

static void *count_up(void *argument)
{
	atomic_long *done = argument;

	while (!atomic_load(&stop)) {
		for (int i = 0; i < PAGES; i++)
			atomic_fetch_add(&counters[i].value, 1);
		atomic_fetch_add(done, 1);
	}
	return NULL;
}

/* Pages move while a thread on another CPU writes to them: nothing gets lost. */
static void moving_in_use(void)
{
	atomic_long done = 0;
	pthread_t thread;
	long sum = 0;

	check_section("moving what is in use");
	counters = (void *)map(PAGES * PAGE);
	go_to(1);
	if (pthread_create(&thread, NULL, count_up, &done))
		check_die("pthread_create");
	go_to(0);
	while (atomic_load(&done) == 0)
		sched_yield();
	for (int i = 0; i < MOVES; i++) {
		void *page = &counters[i % PAGES];
		int node = i / PAGES % 2, status;

		MUST(move_pages(0, 1, &page, &node, &status, MPOL_MF_MOVE));
		sched_yield();
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	for (int i = 0; i < PAGES; i++)
		sum += atomic_load(&counters[i].value);
	CHECK(sum == atomic_load(&done) * PAGES);
}

static sigjmp_buf no_memory;

static void on_bus_error(int number)
{
	siglongjmp(no_memory, number);
}

/* Touches memory of SIZE bytes by POLICY; how many pages are on NODE and on others. */
static void fill(size_t size, int policy, int node, unsigned long counts[2])
{
	struct sigaction action = {.sa_handler = on_bus_error};
	char *memory = map(size);

	MUST(mbind(memory, size, policy, MASK(1ul << node), BITS, 0));
	MUST(sigaction(SIGBUS, &action, NULL));
	counts[0] = counts[1] = 0;
	if (sigsetjmp(no_memory, 1) == 0) {
		for (volatile size_t at = 0; at < size; at += PAGE) {
			memory[at] = 1;
			counts[node_of(memory + at) != node]++;
		}
		printf("all of it\n");
	} else {
		printf("no memory left\n");
	}
	munmap(memory, size);
}

void numa_fill(size_t size)
{
	unsigned long counts[2];

	find_nodes();
	check_section("more memory than a node has");
	fill(size, MPOL_PREFERRED, 1, counts);
	CHECK(counts[0] > counts[1] && counts[1] > 0);
	fill(size, MPOL_PREFERRED_MANY, 1, counts);
	CHECK(counts[0] > counts[1] && counts[1] > 0);
	fill(size, MPOL_BIND, 1, counts);
	CHECK(counts[0] > 0 && counts[1] == 0);
	fill(size / 2, MPOL_BIND, 1, counts); /* it has come back */
	CHECK(counts[0] == size / 2 / PAGE);
}

void numa_places(void)
{
	find_nodes();
	CHECK(node_count > 1);
	if (node_count < 2)
		return;
	first_touch();
	by_policy();
	moving();
	moving_in_use();
}
