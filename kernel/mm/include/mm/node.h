/* SPDX-License-Identifier: BSD-3-Clause */
/* NUMA nodes: which memory and which CPUs belong together. Fixed after mm_init; any context. */
#ifndef MM_NODE_H
#define MM_NODE_H

#include <arch/numa.h>
#include <lib/compiler.h>
#include <lib/types.h>

#define MM_NODES_MAX ARCH_NODES_MAX

/* A bit for each node. The last one stands for all nodes that there cannot be. */
typedef uint64_t mm_nodes_t;
_Static_assert(MM_NODES_MAX < 64, "mm_nodes_t");
#define MM_NODES_ALL   ((1ul << MM_NODES_MAX) - 1)
#define MM_NODES_OTHER (1ul << 63)

static inline mm_nodes_t mm_node_bit(unsigned node)
{
	return 1ul << node;
}

static inline unsigned mm_nodes_count(mm_nodes_t nodes)
{
	unsigned count = 0;

	for (; nodes; nodes &= nodes - 1)
		count++;
	return count;
}

/* Nodes of the machine: numbers 0 .. mm_node_count() - 1; at least one. */
unsigned mm_node_count(void);

/* Those that have memory. */
mm_nodes_t mm_nodes_with_memory(void);

/* The node that the memory at PADDR, the CPU with APIC_ID belongs to. */
unsigned mm_node_of(paddr_t paddr);
unsigned mm_node_of_cpu(uint32_t apic_id);

/* 10 from a node to itself, more to others. */
unsigned mm_node_distance(unsigned from, unsigned to);

/* Counts in frames; what they mean is in numastat(8). */
struct mm_node_stats {
	uint64_t total, free;
	uint64_t hit;	      /* taken here, as wished */
	uint64_t miss;	      /* taken here, though another node was wished */
	uint64_t foreign;     /* wished here, taken elsewhere */
	uint64_t local;	      /* taken here by a CPU of this node */
	uint64_t other;	      /* taken here by a CPU of another one */
	uint64_t interleaved; /* taken here, as MPOL_INTERLEAVE wished */
};
void mm_node_stats(unsigned node, struct mm_node_stats *stats);

#endif /* MM_NODE_H */
