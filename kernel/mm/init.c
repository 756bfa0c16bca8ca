/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Start of the memory management. Until arch_mmu_init only the first GiB is mapped, so the frame
 * allocator first gets what lies there (its state bytes included), makes the final page tables
 * with it, then reads the firmware's tables of NUMA nodes, and then gets the rest. Nothing here
 * depends on the amount of memory but the tables of the physmap, which are small where the
 * processor has pages of 1 GiB.
 */
#include "buddy.h"
#include "nodes.h"
#include "ranges.h"

#include <arch/boot.h>
#include <arch/mmu.h>
#include <core/log.h>
#include <lib/string.h>
#include <linux/errno.h>

#define LOW_MEMORY (1ul << 20) /* firmware and boot loaders live below */

static void remove_used(struct ranges *ranges, const struct boot_info *info)
{
	ranges_remove(ranges, 0, LOW_MEMORY);
	ranges_remove(ranges, arch_kernel_start(), arch_kernel_end());
	ranges_remove(ranges, arch_image_start(), arch_image_end());
	ranges_remove(ranges, info->module_start, info->module_start + info->module_size);
	ranges_remove(ranges, info->channel_base, info->channel_base + info->channel_size);
}

/* Adds what lies in START..END of RANGES to the frame allocator. */
static void add_between(const struct ranges *ranges, paddr_t start, paddr_t end)
{
	for (unsigned i = 0; i < ranges->count; i++) {
		const struct range *range = &ranges->at[i];

		buddy_add(MAX(range->start, start), MIN(range->end, end), range->zeroed);
	}
}

/* What was added before the nodes were known goes to its own node. */
static void split_nodes(const struct ranges *ranges)
{
	static struct ranges low;

	low = *ranges;
	ranges_remove(&low, ARCH_BOOT_MAPPED, PADDR_NONE);
	buddy_split_nodes(low.at, low.count);
}

int mm_init(const struct boot_info *info)
{
	static struct ranges ranges;
	uint64_t frame_count;
	paddr_t states;
	bool zeroed;
	int error;

	ranges_from_boot_info(&ranges, info, ARCH_PADDR_LIMIT);
	remove_used(&ranges, info);
	if (!ranges.count)
		return -ENOMEM;
	frame_count = ranges.at[ranges.count - 1].end >> PAGE_SHIFT;
	states = ranges_take(&ranges, frame_count, ARCH_BOOT_MAPPED, &zeroed);
	if (states == PADDR_NONE)
		return -ENOMEM;
	if (!zeroed)
		memset(mm_phys_to_virt(states), 0, frame_count);
	buddy_init(mm_phys_to_virt(states), frame_count);

	add_between(&ranges, 0, ARCH_BOOT_MAPPED);
	error = arch_mmu_init();
	for (unsigned i = 0; i < ranges.count && !error; i++)
		error = arch_mmu_add_ram(ranges.at[i].start, ranges.at[i].end);
	if (error)
		return error;
	nodes_init(info);
	if (mm_node_count() > 1)
		split_nodes(&ranges);
	add_between(&ranges, ARCH_BOOT_MAPPED, ARCH_PADDR_LIMIT);
	log_info("memory: %lu MiB free in %u ranges and %u nodes",
		 mm_frame_free_count() >> (20 - PAGE_SHIFT), ranges.count, mm_node_count());
	return 0;
}
