/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's NUMA nodes as the firmware describes them. Boot CPU, one task. */
#ifndef ARCH_NUMA_H
#define ARCH_NUMA_H

#include <arch/percpu.h>
#include <lib/compiler.h>
#include <lib/types.h>

#define ARCH_NODES_MAX	     32u
#define ARCH_NODE_RANGES_MAX 64u

/* Distances: of a node to itself, and between two of which nothing is said (ACPI 6.4, 5.2.17). */
#define ARCH_DISTANCE_LOCAL  10u
#define ARCH_DISTANCE_REMOTE 20u

struct arch_node_range {
	paddr_t start, end;
	unsigned node;
};

struct arch_node_cpu {
	uint32_t apic_id;
	unsigned node;
};

/* Nodes are numbered from 0 on, in the order of the firmware's own numbers. */
struct arch_numa {
	unsigned node_count, range_count, cpu_count;
	struct arch_node_range ranges[ARCH_NODE_RANGES_MAX];
	struct arch_node_cpu cpus[ARCH_CPU_MAX];
	uint8_t distance[ARCH_NODES_MAX][ARCH_NODES_MAX]; /* [from][to] */
};

/* Does the firmware at RSDP (0: none) describe nodes? Fills in NUMA if so. After the physmap is
 * complete. */
bool arch_numa_find(uint64_t rsdp, struct arch_numa *numa);

#endif /* ARCH_NUMA_H */
