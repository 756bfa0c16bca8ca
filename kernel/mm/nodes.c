/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine's NUMA nodes, from the firmware or from the loader. No locks: see nodes.h. */
#include "nodes.h"

#include <arch/mmu.h>
#include <lib/assert.h>
#include <lib/checked.h>

_Static_assert(BOOT_MEM_MAX <= ARCH_NODE_RANGES_MAX, "from_boot_info");

struct node_table node_table;

/* The range of memory that entry INDEX of the loader's map gives to a node; false: none. */
static bool boot_range(const struct boot_info *info, unsigned index, struct arch_node_range *range)
{
	const struct boot_mem *mem = &info->mem[index];

	range->start = mem->start;
	range->node = mem->node;
	return mem->type == BOOT_MEM_RAM && mem->node < MM_NODES_MAX &&
	       !add_overflows(mem->start, mem->size, &range->end);
}

/* What the loader says: no distances, and nothing of the CPUs, which are all in the first node. */
static bool from_boot_info(struct arch_numa *numa, const struct boot_info *info)
{
	unsigned count = MIN(info->mem_count, BOOT_MEM_MAX), last = 0;
	struct arch_node_range range;

	for (unsigned i = 0; i < count; i++) {
		if (boot_range(info, i, &range))
			last = MAX(last, range.node);
	}
	if (!last)
		return false;
	*numa = (struct arch_numa){.node_count = last + 1};
	for (unsigned i = 0; i < count; i++) {
		if (boot_range(info, i, &range))
			numa->ranges[numa->range_count++] = range;
	}
	for (unsigned from = 0; from < MM_NODES_MAX; from++) {
		for (unsigned to = 0; to < MM_NODES_MAX; to++)
			numa->distance[from][to] =
				from == to ? ARCH_DISTANCE_LOCAL : ARCH_DISTANCE_REMOTE;
	}
	return true;
}

/* Sorts all nodes by their distance from NODE; among equals those with higher numbers than NODE
 * come first, so that not all use up the same neighbour. */
static void sort_by_distance(unsigned node)
{
	const uint8_t *distance = node_table.firmware.distance[node];
	uint8_t *order = node_table.order[node];
	unsigned count = node_table.count;

	for (unsigned i = 0; i < count; i++) {
		unsigned next = (node + i) % count, at = i;

		while (at > 0 && distance[order[at - 1]] > distance[next]) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = (uint8_t)next;
	}
	ASSERT(order[0] == node);
}

/* A page belongs to the node of its first byte. */
static void round_ranges(struct arch_numa *numa)
{
	for (unsigned i = 0; i < numa->range_count; i++) {
		struct arch_node_range *range = &numa->ranges[i];

		range->start = ALIGN_UP(MIN(range->start, ARCH_PADDR_LIMIT), PAGE_SIZE);
		range->end = ALIGN_UP(MIN(range->end, ARCH_PADDR_LIMIT), PAGE_SIZE);
	}
}

void nodes_init(const struct boot_info *info)
{
	struct arch_numa *numa = &node_table.firmware;

	if (!arch_numa_find(info->rsdp, numa) && !from_boot_info(numa, info))
		return;
	round_ranges(numa);
	node_table.count = numa->node_count;
	for (unsigned node = 0; node < node_table.count; node++)
		sort_by_distance(node);
}

unsigned nodes_search(paddr_t paddr)
{
	const struct arch_numa *numa = &node_table.firmware;

	for (unsigned i = 0; i < numa->range_count; i++) {
		if (paddr >= numa->ranges[i].start && paddr < numa->ranges[i].end)
			return numa->ranges[i].node;
	}
	return 0; /* nobody says */
}

paddr_t nodes_stretch(paddr_t paddr, paddr_t end)
{
	const struct arch_numa *numa = &node_table.firmware;

	if (node_table.count == 1)
		return end;
	for (unsigned i = 0; i < numa->range_count; i++) {
		if (numa->ranges[i].start > paddr)
			end = MIN(end, numa->ranges[i].start);
		else if (numa->ranges[i].end > paddr)
			end = MIN(end, numa->ranges[i].end);
	}
	return end;
}

unsigned mm_node_count(void)
{
	return node_table.count;
}

unsigned mm_node_of(paddr_t paddr)
{
	return node_of(paddr);
}

unsigned mm_node_of_cpu(uint32_t apic_id)
{
	const struct arch_numa *numa = &node_table.firmware;

	for (unsigned i = 0; node_table.count > 1 && i < numa->cpu_count; i++) {
		if (numa->cpus[i].apic_id == apic_id)
			return numa->cpus[i].node;
	}
	return 0;
}

unsigned mm_node_distance(unsigned from, unsigned to)
{
	ASSERT(from < node_table.count && to < node_table.count);
	return node_table.count == 1 ? ARCH_DISTANCE_LOCAL : node_table.firmware.distance[from][to];
}
