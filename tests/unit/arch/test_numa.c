/* SPDX-License-Identifier: BSD-3-Clause */
/* NUMA nodes in ACPI tables, good and damaged. */
#include "tables.h"

#include <arch/numa.h>
#include <firmware.h>
#include <string.h>

#define SRAT	     0x102000u
#define SRAT_ENTRIES 48u
#define SLIT	     0x103000u
#define SLIT_MATRIX  44u

static struct arch_numa numa;
static size_t srat_end;

static void add_cpu(uint32_t domain, unsigned apic_id, bool enabled)
{
	size_t at = srat_end;

	table_put(at, 0x1000, 2); /* type 0, 16 bytes */
	table_put(at + 2, domain & 0xff, 1);
	table_put(at + 3, apic_id, 1);
	table_put(at + 4, enabled, 4);
	table_put(at + 9, domain >> 8, 3);
	srat_end += 16;
}

static void add_memory(uint32_t domain, uint64_t start, uint64_t size, unsigned flags)
{
	size_t at = srat_end;

	table_put(at, 0x2801, 2); /* type 1, 40 bytes */
	table_put(at + 2, domain, 4);
	table_put(at + 8, start, 8);
	table_put(at + 16, size, 8);
	table_put(at + 28, flags, 4);
	srat_end += 40;
}

static void add_x2apic(uint32_t domain, uint32_t apic_id)
{
	size_t at = srat_end;

	table_put(at, 0x1802, 2); /* type 2, 24 bytes */
	table_put(at + 4, domain, 4);
	table_put(at + 8, apic_id, 4);
	table_put(at + 12, 1, 4);
	srat_end += 24;
}

static void start(unsigned revision)
{
	tables_root(2, (const uint32_t[]){SRAT, SLIT}, 2);
	memory[SRAT + 8] = (uint8_t)revision;
	srat_end = SRAT + SRAT_ENTRIES;
}

static void finish(void)
{
	table_header(SRAT, "SRAT", (uint32_t)(srat_end - SRAT));
}

static void set_distances(const uint8_t *matrix, uint64_t count)
{
	table_put(SLIT + 36, count, 8);
	memcpy(memory + SLIT + SLIT_MATRIX, matrix, count * count);
	table_header(SLIT, "SLIT", (uint32_t)(SLIT_MATRIX + count * count));
}

static bool find(void)
{
	bool found = arch_numa_find(RSDP, &numa);

	tables_unmap();
	return found;
}

/* Two domains whose numbers have a gap. */
static void fill(void)
{
	start(3);
	add_cpu(2, 1, true);
	add_cpu(0, 0, true);
	add_cpu(7, 9, false);
	add_x2apic(2, 300);
	add_memory(0, 0, 0xa0000, 1);
	add_memory(0, 0x100000, 0x7ff00000, 1);
	add_memory(2, 0x80000000, 0x80000000, 1 | 2); /* can be removed */
	add_memory(5, 0x100000000, 0x1000, 0);	      /* not there */
	add_memory(6, 0x100000000, 0x1000, 1 | 4);    /* keeps its content */
	finish();
}

static void good(void)
{
	static const uint8_t matrix[] = {10, 15, 21, 15, 10, 30, 42, 16, 10};

	fill();
	CHECK(!arch_numa_find(0, &numa));
	CHECK(find() && numa.node_count == 2 && numa.range_count == 3 && numa.cpu_count == 3);
	CHECK(numa.cpus[0].apic_id == 1 && numa.cpus[0].node == 1);
	CHECK(numa.cpus[1].apic_id == 0 && numa.cpus[1].node == 0);
	CHECK(numa.cpus[2].apic_id == 300 && numa.cpus[2].node == 1);
	CHECK(numa.ranges[1].start == 0x100000 && numa.ranges[1].end == 0x80000000);
	CHECK(numa.ranges[2].end == 0x100000000 && numa.ranges[2].node == 1);
	CHECK(numa.distance[0][0] == 10 && numa.distance[0][1] == 20);
	set_distances(matrix, 3);
	CHECK(find() && numa.distance[0][1] == 21 && numa.distance[1][0] == 42);
}

/* Before revision 2 a domain has 8 bits; what follows them is reserved. */
static void narrow_domains(void)
{
	for (unsigned revision = 1; revision <= 2; revision++) {
		start(revision);
		add_cpu(0x101, 0, true);
		add_cpu(0x001, 1, true);
		add_memory(0x1001, 0, 0x1000, 1);
		finish();
		CHECK(find() && numa.node_count == (revision == 1 ? 1 : 3));
	}
}

static void too_many(void)
{
	start(3);
	for (unsigned i = 0; i < 2 * ARCH_NODES_MAX; i++) {
		add_x2apic(i, i);
		add_memory(i, i * 0x1000ul, 0x1000, 1);
		add_memory(i, i * 0x1000ul + 0x10000000, 0x1000, 1);
	}
	finish();
	CHECK(find() && numa.node_count == ARCH_NODES_MAX);
	CHECK(numa.range_count == ARCH_NODE_RANGES_MAX && numa.cpu_count == 2 * ARCH_NODES_MAX);
	for (unsigned i = 0; i < numa.cpu_count; i++)
		CHECK(numa.cpus[i].node == (i < ARCH_NODES_MAX ? i : 0));
}

static void damaged(void)
{
	static const uint8_t wrong_diagonal[] = {10, 20, 20, 11}, too_near[] = {10, 10, 20, 10};

	fill();
	memory[SRAT + SRAT_ENTRIES]++;
	CHECK(!find());
	for (unsigned size = 0; size < 256; size++) { /* an entry's own size */
		fill();
		memory[SRAT + SRAT_ENTRIES + 1] = (uint8_t)size;
		finish();
		(void)find();
	}
	for (size_t end = SRAT + 36; end < SRAT + SRAT_ENTRIES + 200; end++) { /* the table's */
		fill();
		srat_end = end;
		finish();
		CHECK(find() == (end >= SRAT + SRAT_ENTRIES + 16));
	}
	start(3);
	add_memory(1, UINT64_MAX - 0xfff, 0x2000, 1);
	add_memory(1, 0x1000, 0, 1);
	finish();
	CHECK(!find());
	fill();
	set_distances(wrong_diagonal, 2);
	CHECK(find() && numa.distance[0][1] == 20);
	set_distances(too_near, 2);
	CHECK(find() && numa.distance[0][1] == 20);
	for (uint64_t count = 3; count; count <<= 1) { /* more than the table has */
		set_distances(wrong_diagonal, 2);
		table_put(SLIT + 36, count, 8);
		table_header(SLIT, "SLIT", SLIT_MATRIX + 4);
		CHECK(find() && numa.distance[1][0] == 20);
	}
	for (uint32_t length = 36; length < SLIT_MATRIX + 4; length++) {
		table_header(SLIT, "SLIT", length);
		CHECK(find());
	}
}

int main(void)
{
	good();
	narrow_domains();
	too_many();
	damaged();
	return 0;
}
