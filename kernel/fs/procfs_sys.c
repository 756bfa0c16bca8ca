/* SPDX-License-Identifier: BSD-3-Clause */
/* The processors and the memory's nodes: /sys (sysfs(5)) and /proc/cpuinfo. */
#include "procfs.h"

#include <arch/cpuinfo.h>
#include <arch/mmu.h>
#include <asm/errno.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <mm/heap.h>
#include <mm/node.h>

#include "procfs_status.h"

static struct arch_cpu_place place_of(unsigned cpu)
{
	struct arch_cpu_place place;

	arch_cpu_place(arch_cpu_apic_id_of(cpu), &place);
	return place;
}

/* Sets of CPUs: CONTEXT is the struct proc_match with the CPU that they are about. */

static bool is_any(unsigned cpu, const void *context)
{
	(void)context;
	return cpu < cpu_count();
}

static bool in_package(unsigned cpu, const void *context)
{
	const struct proc_match *match = context;

	return place_of(cpu).package == place_of(match->cpu).package;
}

static bool in_core(unsigned cpu, const void *context)
{
	const struct proc_match *match = context;

	return in_package(cpu, context) && place_of(cpu).core == place_of(match->cpu).core;
}

static bool on_node(unsigned cpu, const void *context)
{
	const struct proc_match *match = context;

	return arch_percpu_node(&cpu_get(cpu)->arch) == match->node;
}

/* A generator that writes a set of CPUs in one of the two ways. */
#define PUT_SET(name, how, has)                                                                    \
	static void name(struct proc_text *out, const struct proc_match *match)                    \
	{                                                                                          \
		how(out, cpu_count(), has, match);                                                 \
	}
PUT_SET(put_online, proc_put_cpu_list, is_any)
PUT_SET(put_package, proc_put_cpu_mask, in_package)
PUT_SET(put_package_list, proc_put_cpu_list, in_package)
PUT_SET(put_core, proc_put_cpu_mask, in_core)
PUT_SET(put_core_list, proc_put_cpu_list, in_core)
PUT_SET(put_node_cpus, proc_put_cpu_mask, on_node)
PUT_SET(put_node_cpus_list, proc_put_cpu_list, on_node)

static void put_nothing(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_put(out, "\n", 1);
}

static void put_one(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "1\n");
}

static void put_kernel_max(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "%u\n", CPU_MAX - 1);
}

static void put_core_id(struct proc_text *out, const struct proc_match *match)
{
	proc_printf(out, "%u\n", place_of(match->cpu).core);
}

static void put_package_id(struct proc_text *out, const struct proc_match *match)
{
	proc_printf(out, "%u\n", place_of(match->cpu).package);
}

/* CPUs and cores of MATCH's package. */
static void count_package(const struct proc_match *match, unsigned *siblings, unsigned *cores)
{
	*siblings = *cores = 0;
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct proc_match other = {.cpu = cpu};
		unsigned first = 0;

		if (!in_package(cpu, match))
			continue;
		++*siblings;
		while (!in_core(first, &other))
			first++;
		*cores += first == cpu; /* the first one of its core */
	}
}

void proc_put_cpuinfo(struct proc_text *out, const struct proc_match *match)
{
	char *text = kmalloc(ARCH_CPUINFO_MAX);

	(void)match;
	if (!text)
		out->error = -ENOMEM;
	for (unsigned cpu = 0; cpu < cpu_count() && !out->error; cpu++) {
		struct arch_cpuinfo info = {
			.number = cpu,
			.apic_id = arch_cpu_apic_id_of(cpu),
			.tsc_hz = clock_tsc_hz(),
		};
		struct proc_match one = {.cpu = cpu};

		count_package(&one, &info.siblings, &info.cores);
		proc_put(out, text, arch_cpuinfo_print(&info, text));
	}
	kfree(text);
}

/* Caches. */

static struct arch_cache cache_of(const struct proc_match *match)
{
	struct arch_cache cache = {0};

	(void)!arch_cache_info(match->cache, &cache); /* the path says that it is there */
	return cache;
}

static bool shares_cache(unsigned cpu, const void *context)
{
	const struct proc_match *match = context;
	unsigned sharing = MAX(cache_of(match).sharing, 1u);

	return arch_cpu_apic_id_of(cpu) / sharing == arch_cpu_apic_id_of(match->cpu) / sharing;
}

PUT_SET(put_shared_map, proc_put_cpu_mask, shares_cache)
PUT_SET(put_shared_list, proc_put_cpu_list, shares_cache)

static void put_cache_type(struct proc_text *out, const struct proc_match *match)
{
	char type = cache_of(match).type;

	proc_printf(out, "%s\n", type == 'D' ? "Data" : type == 'I' ? "Instruction" : "Unified");
}

static void put_cache_size(struct proc_text *out, const struct proc_match *match)
{
	struct arch_cache cache = cache_of(match);

	proc_printf(out, "%luK\n",
		    (unsigned long)cache.line_size * cache.partitions * cache.ways * cache.sets /
			    1024);
}

#define PUT_CACHE(name, member)                                                                    \
	static void name(struct proc_text *out, const struct proc_match *match)                    \
	{                                                                                          \
		proc_printf(out, "%u\n", cache_of(match).member);                                  \
	}
PUT_CACHE(put_cache_level, level)
PUT_CACHE(put_cache_line, line_size)
PUT_CACHE(put_cache_partitions, partitions)
PUT_CACHE(put_cache_sets, sets)
PUT_CACHE(put_cache_ways, ways)

/* The memory's nodes. */

static bool is_node(unsigned node, const void *context)
{
	(void)context;
	return node < mm_node_count();
}

static bool has_memory(unsigned node, const void *context)
{
	(void)context;
	return mm_nodes_with_memory() & mm_node_bit(node);
}

static bool has_cpu(unsigned node, const void *context)
{
	const struct proc_match match = {.node = node};

	(void)context;
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		if (on_node(cpu, &match))
			return true;
	}
	return false;
}

/* A generator that lists nodes. */
#define PUT_NODES(name, has)                                                                       \
	static void name(struct proc_text *out, const struct proc_match *match)                    \
	{                                                                                          \
		(void)match;                                                                       \
		proc_put_cpu_list(out, mm_node_count(), has, NULL);                                \
	}
PUT_NODES(put_nodes, is_node)
PUT_NODES(put_nodes_memory, has_memory)
PUT_NODES(put_nodes_cpu, has_cpu)

void proc_put_mems_allowed(struct proc_text *out)
{
	proc_printf(out, "Mems_allowed:\t");
	proc_put_cpu_mask(out, mm_node_count(), has_memory, NULL);
	proc_printf(out, "Mems_allowed_list:\t");
	proc_put_cpu_list(out, mm_node_count(), has_memory, NULL);
}

static void put_node_kib(struct proc_text *out, unsigned node, const char *name, uint64_t frames)
{
	proc_printf(out, "Node %u %-14s %8llu kB\n", node, name,
		    (unsigned long long)(frames * (PAGE_SIZE / 1024)));
}

static void put_node_meminfo(struct proc_text *out, const struct proc_match *match)
{
	struct mm_node_stats stats;

	mm_node_stats(match->node, &stats);
	put_node_kib(out, match->node, "MemTotal:", stats.total);
	put_node_kib(out, match->node, "MemFree:", stats.free);
	put_node_kib(out, match->node, "MemUsed:", stats.total - stats.free);
}

static void put_distance(struct proc_text *out, const struct proc_match *match)
{
	for (unsigned to = 0; to < mm_node_count(); to++)
		proc_printf(out, "%s%u", to ? " " : "", mm_node_distance(match->node, to));
	proc_put(out, "\n", 1);
}

static void put_numastat(struct proc_text *out, const struct proc_match *match)
{
	struct mm_node_stats stats;

	mm_node_stats(match->node, &stats);
	proc_printf(out, "numa_hit %llu\nnuma_miss %llu\nnuma_foreign %llu\n",
		    (unsigned long long)stats.hit, (unsigned long long)stats.miss,
		    (unsigned long long)stats.foreign);
	proc_printf(out, "interleave_hit %llu\nlocal_node %llu\nother_node %llu\n",
		    (unsigned long long)stats.interleaved, (unsigned long long)stats.local,
		    (unsigned long long)stats.other);
}

/* Large pages are used wherever an area is large enough (docs/memory.md). */
static void put_huge_enabled(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "[always] madvise never\n");
}

static void put_huge_defrag(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "always defer defer+madvise madvise [never]\n");
}

static void put_huge_size(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "%lu\n", (unsigned long)HUGE_PAGE_SIZE);
}

#define CPU   "devices/system/cpu/"
#define TOPO  CPU "cpuCPU/topology/"
#define CACHE CPU "cpuCPU/cache/indexCACHE/"
#define NODE  "devices/system/node/"
#define HUGE  "kernel/mm/transparent_hugepage/"

static const struct proc_entry entries[] = {
	PROC_TEXT(CPU "online", put_online),
	PROC_TEXT(CPU "possible", put_online),
	PROC_TEXT(CPU "present", put_online),
	PROC_TEXT(CPU "offline", put_nothing),
	PROC_TEXT(CPU "isolated", put_nothing),
	PROC_TEXT(CPU "kernel_max", put_kernel_max),
	PROC_TEXT(CPU "cpuCPU/online", put_one),
	PROC_TEXT(TOPO "core_id", put_core_id),
	PROC_TEXT(TOPO "physical_package_id", put_package_id),
	PROC_TEXT(TOPO "thread_siblings", put_core),
	PROC_TEXT(TOPO "thread_siblings_list", put_core_list),
	PROC_TEXT(TOPO "core_cpus", put_core),
	PROC_TEXT(TOPO "core_cpus_list", put_core_list),
	PROC_TEXT(TOPO "core_siblings", put_package),
	PROC_TEXT(TOPO "core_siblings_list", put_package_list),
	PROC_TEXT(TOPO "package_cpus", put_package),
	PROC_TEXT(TOPO "package_cpus_list", put_package_list),
	PROC_TEXT(CACHE "level", put_cache_level),
	PROC_TEXT(CACHE "type", put_cache_type),
	PROC_TEXT(CACHE "size", put_cache_size),
	PROC_TEXT(CACHE "coherency_line_size", put_cache_line),
	PROC_TEXT(CACHE "physical_line_partition", put_cache_partitions),
	PROC_TEXT(CACHE "number_of_sets", put_cache_sets),
	PROC_TEXT(CACHE "ways_of_associativity", put_cache_ways),
	PROC_TEXT(CACHE "shared_cpu_map", put_shared_map),
	PROC_TEXT(CACHE "shared_cpu_list", put_shared_list),
	PROC_TEXT(NODE "online", put_nodes),
	PROC_TEXT(NODE "possible", put_nodes),
	PROC_TEXT(NODE "has_cpu", put_nodes_cpu),
	PROC_TEXT(NODE "has_memory", put_nodes_memory),
	PROC_TEXT(NODE "has_normal_memory", put_nodes_memory),
	PROC_TEXT(NODE "nodeNODE/cpulist", put_node_cpus_list),
	PROC_TEXT(NODE "nodeNODE/cpumap", put_node_cpus),
	PROC_TEXT(NODE "nodeNODE/meminfo", put_node_meminfo),
	PROC_TEXT(NODE "nodeNODE/distance", put_distance),
	PROC_TEXT(NODE "nodeNODE/numastat", put_numastat),
	PROC_TEXT(HUGE "enabled", put_huge_enabled),
	PROC_TEXT(HUGE "defrag", put_huge_defrag),
	PROC_TEXT(HUGE "hpage_pmd_size", put_huge_size),
};

const struct proc_table proc_sys_table = {entries, ARRAY_SIZE(entries)};
