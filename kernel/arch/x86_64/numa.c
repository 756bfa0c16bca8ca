/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NUMA nodes in the ACPI tables: SRAT says which processors and which memory belong to a proximity
 * domain, SLIT how far domains are from each other (ACPI 6.4, 5.2.16 and 5.2.17). Domains become
 * nodes in the order of their numbers. A SLIT that contradicts itself is ignored, as by Linux.
 */
#include <arch/numa.h>

#include <lib/checked.h>

#include "firmware.h"

#define REVISION	    8u /* offset in every table's header */
#define SRAT_ENTRIES	    48u
#define SRAT_WIDE_DOMAINS   2u /* from this revision on domains have 32 bits */

#define SRAT_CPU	    0u
#define SRAT_CPU_SIZE	    16u
#define SRAT_MEMORY	    1u
#define SRAT_MEMORY_SIZE    40u
#define SRAT_X2APIC	    2u
#define SRAT_X2APIC_SIZE    24u
#define SRAT_ENABLED	    1u
#define SRAT_MEMORY_STORAGE 4u /* it keeps its content */

#define SLIT_COUNT	    36u
#define SLIT_MATRIX	    44u

/* The domains that were seen, sorted: the place is the node's number. */
struct domains {
	unsigned count;
	uint32_t at[ARCH_NODES_MAX];
};

/* One entry: a CPU or a range of memory in a domain. */
struct affinity {
	uint32_t domain;
	bool is_cpu;
	uint32_t apic_id;
	paddr_t start, end;
};

static bool read_cpu(const uint8_t *entry, bool wide, struct affinity *out)
{
	uint32_t high = entry[9] | (uint32_t)entry[10] << 8 | (uint32_t)entry[11] << 16;

	out->is_cpu = true;
	out->domain = entry[2] | (wide ? high << 8 : 0);
	out->apic_id = entry[3];
	return firmware_u32(entry + 4) & SRAT_ENABLED;
}

static bool read_memory(const uint8_t *entry, bool wide, struct affinity *out)
{
	uint32_t flags = firmware_u32(entry + 28);

	out->is_cpu = false;
	out->domain = firmware_u32(entry + 2) & (wide ? UINT32_MAX : 0xff);
	out->start = firmware_u64(entry + 8);
	if (add_overflows(out->start, firmware_u64(entry + 16), &out->end))
		return false;
	return flags & SRAT_ENABLED && !(flags & SRAT_MEMORY_STORAGE) && out->start < out->end;
}

static bool read_x2apic(const uint8_t *entry, struct affinity *out)
{
	out->is_cpu = true;
	out->domain = firmware_u32(entry + 4);
	out->apic_id = firmware_u32(entry + 8);
	return firmware_u32(entry + 12) & SRAT_ENABLED;
}

/* The entry, and does it count? */
static bool read_entry(const uint8_t *entry, bool wide, struct affinity *out)
{
	uint8_t type = entry[0], size = entry[1];

	if (type == SRAT_CPU && size >= SRAT_CPU_SIZE)
		return read_cpu(entry, wide, out);
	if (type == SRAT_MEMORY && size >= SRAT_MEMORY_SIZE)
		return read_memory(entry, wide, out);
	return type == SRAT_X2APIC && size >= SRAT_X2APIC_SIZE && read_x2apic(entry, out);
}

static void add_domain(struct domains *domains, uint32_t domain)
{
	unsigned i = 0;

	while (i < domains->count && domains->at[i] < domain)
		i++;
	if ((i < domains->count && domains->at[i] == domain) || domains->count == ARCH_NODES_MAX)
		return;
	for (unsigned last = domains->count++; last > i; last--)
		domains->at[last] = domains->at[last - 1];
	domains->at[i] = domain;
}

/* The node of DOMAIN; what found no place among the domains counts to the first. */
static unsigned node_of(const struct domains *domains, uint32_t domain)
{
	for (unsigned i = 0; i < domains->count; i++) {
		if (domains->at[i] == domain)
			return i;
	}
	return 0;
}

static void add_affinity(struct arch_numa *numa, const struct affinity *affinity, unsigned node)
{
	if (affinity->is_cpu && numa->cpu_count < ARCH_CPU_MAX)
		numa->cpus[numa->cpu_count++] = (struct arch_node_cpu){affinity->apic_id, node};
	if (!affinity->is_cpu && numa->range_count < ARCH_NODE_RANGES_MAX)
		numa->ranges[numa->range_count++] =
			(struct arch_node_range){affinity->start, affinity->end, node};
}

/* Goes through the SRAT: NUMA NULL: collects its domains, else fills in NUMA with them. */
static void srat_read(const uint8_t *srat, uint32_t length, struct domains *domains,
		      struct arch_numa *numa)
{
	bool wide = srat[REVISION] >= SRAT_WIDE_DOMAINS;
	uint32_t at = SRAT_ENTRIES;
	struct affinity affinity;

	while (at + 2 <= length) {
		uint8_t size = srat[at + 1];

		if (size < 2 || size > length - at)
			return;
		if (read_entry(srat + at, wide, &affinity)) {
			if (numa)
				add_affinity(numa, &affinity, node_of(domains, affinity.domain));
			else
				add_domain(domains, affinity.domain);
		}
		at += size;
	}
}

static void distances_default(struct arch_numa *numa)
{
	for (unsigned from = 0; from < ARCH_NODES_MAX; from++) {
		for (unsigned to = 0; to < ARCH_NODES_MAX; to++)
			numa->distance[from][to] =
				from == to ? ARCH_DISTANCE_LOCAL : ARCH_DISTANCE_REMOTE;
	}
}

static bool slit_is_valid(const uint8_t *matrix, uint64_t count)
{
	for (uint64_t from = 0; from < count; from++) {
		for (uint64_t to = 0; to < count; to++) {
			uint8_t distance = matrix[from * count + to];

			if (from == to ? distance != ARCH_DISTANCE_LOCAL
				       : distance <= ARCH_DISTANCE_LOCAL)
				return false;
		}
	}
	return true;
}

/* The matrix is indexed by domain. */
static void slit_read(const uint8_t *slit, uint32_t length, const struct domains *domains,
		      struct arch_numa *numa)
{
	const uint8_t *matrix = slit + SLIT_MATRIX;
	uint64_t count;

	if (length < SLIT_MATRIX)
		return;
	count = firmware_u64(slit + SLIT_COUNT);
	if (count > length || count * count > length - SLIT_MATRIX || !slit_is_valid(matrix, count))
		return;
	for (unsigned from = 0; from < domains->count; from++) {
		for (unsigned to = 0; to < domains->count; to++) {
			if (domains->at[from] < count && domains->at[to] < count)
				numa->distance[from][to] =
					matrix[domains->at[from] * count + domains->at[to]];
		}
	}
}

bool arch_numa_find(uint64_t rsdp, struct arch_numa *numa)
{
	struct domains domains = {0};
	const uint8_t *srat, *slit;
	uint32_t length;

	srat = rsdp ? acpi_find_table(rsdp, "SRAT", &length) : NULL;
	if (!srat || length < SRAT_ENTRIES)
		return false;
	srat_read(srat, length, &domains, NULL);
	if (!domains.count)
		return false;
	numa->node_count = domains.count;
	numa->range_count = numa->cpu_count = 0;
	srat_read(srat, length, &domains, numa);
	distances_default(numa);
	slit = acpi_find_table(rsdp, "SLIT", &length);
	if (slit)
		slit_read(slit, length, &domains, numa);
	return true;
}
