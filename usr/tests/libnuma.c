/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libnuma: proves that the distribution's libnuma finds the machine's nodes, CPUs and memory in
 * /sys and /proc, and gets memory where it asks for it. The output is the same on every machine.
 */
#include "common/check.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE (64u << 10)

static int node_of(void *page)
{
	int status = -1;

	if (numa_move_pages(0, 1, &page, NULL, &status, 0) != 0)
		return -errno;
	return status;
}

static void machine(void)
{
	int nodes = numa_num_configured_nodes(), cpus = 0;
	struct bitmask *of_node = numa_allocate_cpumask();
	long long free_bytes = -1;

	check_section("machine");
	CHECK(nodes >= 1 && numa_max_node() == nodes - 1);
	CHECK(numa_num_task_nodes() == nodes);
	CHECK(numa_num_configured_cpus() == sysconf(_SC_NPROCESSORS_CONF));
	for (int node = 0; node < nodes; node++) {
		if (numa_node_to_cpus(node, of_node) != 0)
			check_die("numa_node_to_cpus");
		for (unsigned cpu = 0; cpu < of_node->size; cpu++) {
			if (!numa_bitmask_isbitset(of_node, cpu))
				continue;
			cpus++;
			if (numa_node_of_cpu((int)cpu) != node)
				CHECK(numa_node_of_cpu((int)cpu) == node);
		}
		if (numa_distance(node, node) != 10 || numa_distance(node, (node + 1) % nodes) < 10)
			CHECK(numa_distance(node, node) == 10);
		if (numa_node_size64(node, &free_bytes) <= 0 || free_bytes <= 0)
			CHECK(numa_node_size64(node, &free_bytes) > 0);
	}
	CHECK(cpus == numa_num_configured_cpus());
	numa_free_cpumask(of_node);
}

static void memory(void)
{
	int nodes = numa_num_configured_nodes();

	check_section("memory");
	for (int node = 0; node < nodes; node++) {
		char *here = numa_alloc_onnode(SIZE, node);

		if (!here)
			check_die("numa_alloc_onnode");
		memset(here, 1, SIZE);
		if (node_of(here) != node)
			CHECK(node_of(here) == node);
		numa_free(here, SIZE);
		if (numa_run_on_node(node) != 0)
			continue; /* it has no CPU */
		here = numa_alloc_local(SIZE);
		memset(here, 1, SIZE);
		if (node_of(here) != node || numa_node_of_cpu(sched_getcpu()) != node)
			CHECK(node_of(here) == node);
		numa_free(here, SIZE);
	}
	SHOW(numa_run_on_node(-1));
	numa_set_preferred(0);
	CHECK(numa_preferred() == 0);
	numa_set_localalloc();
	CHECK(numa_alloc_interleaved(SIZE) != NULL);
}

int main(void)
{
	SHOW(numa_available());
	if (numa_available() < 0)
		return check_done();
	machine();
	memory();
	return check_done();
}
