/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parsers of firmware tables: ACPI (processors, NUMA nodes) and the MP table.
 *
 * The input is memory in pieces: a byte says which of a few addresses comes next, two bytes how
 * much follows. Checksums are put right, else no input would get past them; whether they are looked
 * at is what the unit tests show. What firmware_map hands out is a copy of exactly that size.
 */
#include <arch/numa.h>
#include <firmware.h>
#include <lib/compiler.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_SIZE 0x104000u
#define COPIES_MAX  4096u
#define RSDP	    0xe0010u
#define ROOT	    0x100000u
#define MP_POINTER  0xf0020u
#define MP_TABLE    0xf1000u

static uint8_t memory[MEMORY_SIZE];
static uint8_t *copies[COPIES_MAX];
static unsigned copy_count;
static struct arch_numa numa;

const uint8_t *firmware_map(paddr_t address, size_t size)
{
	if (!address || address > MEMORY_SIZE || size > MEMORY_SIZE - address ||
	    copy_count == COPIES_MAX)
		return NULL;
	copies[copy_count] = malloc(size);
	memcpy(copies[copy_count], memory + address, size);
	return copies[copy_count++];
}

static void seal(size_t table, size_t size, size_t checksum_at)
{
	uint8_t sum = 0;

	if (size > MEMORY_SIZE - table)
		return;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + memory[table + i]);
	memory[table + checksum_at] = (uint8_t)(memory[table + checksum_at] - sum);
}

static void put(size_t at, const char *text, uint32_t value)
{
	memcpy(memory + at, text, strlen(text));
	for (unsigned i = 0; i < 4; i++)
		memory[at + 4 + i] = (uint8_t)(value >> (8 * i));
}

/* What every input starts with: an RSDP, a root that names three tables, an MP pointer. */
static void fill(void)
{
	static const char *const tables[] = {"APIC", "SRAT", "SLIT"};

	memset(memory, 0, sizeof(memory));
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 18] = ROOT >> 16;
	put(ROOT, "RSDT", 36 + 3 * 4);
	for (unsigned i = 0; i < 3; i++) {
		put(ROOT + 0x1000 * (i + 1), tables[i], 512);
		memory[ROOT + 36 + 4 * i + 1] = (uint8_t)(0x10 * (i + 1));
		memory[ROOT + 36 + 4 * i + 2] = ROOT >> 16;
	}
	put(MP_POINTER, "_MP_", MP_TABLE);
	memory[MP_POINTER + 8] = 1;
	put(MP_TABLE, "PCMP", 0);
}

static void copy_input(const uint8_t *data, size_t size)
{
	static const uint32_t places[] = {
		RSDP,	       ROOT,	      ROOT + 0x1000,   ROOT + 0x2000, ROOT + 0x3000,
		ROOT + 0x1024, ROOT + 0x2024, ROOT + 0x3024,   MP_POINTER,    MP_TABLE,
		MP_TABLE + 4,  MP_TABLE + 44, MEMORY_SIZE - 64};

	while (size >= 3) {
		uint32_t place = places[data[0] % ARRAY_SIZE(places)];
		size_t length = data[1] | (size_t)data[2] << 8;

		data += 3;
		size -= 3;
		length = MIN(MIN(length, size), MEMORY_SIZE - place);
		memcpy(memory + place, data, length);
		data += length;
		size -= length;
	}
}

static void seal_all(void)
{
	seal(RSDP, 20, 8);
	seal(RSDP, 36, 32);
	for (unsigned i = 0; i < 4; i++)
		seal(ROOT + 0x1000 * i, firmware_u32(memory + ROOT + 0x1000 * i + 4), 9);
	seal(MP_POINTER, 16, 10);
	seal(MP_TABLE, firmware_u16(memory + MP_TABLE + 4), 7);
}

/* What the kernel relies on. */
static void check(const struct arch_smp_list *cpus)
{
	if (cpus->count > cpus->capacity)
		abort();
	for (unsigned i = 0; i < cpus->count; i++) {
		for (unsigned k = 0; k < i; k++) {
			if (cpus->apic_ids[i] == cpus->apic_ids[k])
				abort();
		}
	}
}

static void check_numa(void)
{
	if (!numa.node_count || numa.node_count > ARCH_NODES_MAX ||
	    numa.range_count > ARCH_NODE_RANGES_MAX || numa.cpu_count > ARCH_CPU_MAX)
		abort();
	for (unsigned i = 0; i < numa.range_count; i++) {
		if (numa.ranges[i].start >= numa.ranges[i].end ||
		    numa.ranges[i].node >= numa.node_count)
			abort();
	}
	for (unsigned i = 0; i < numa.cpu_count; i++) {
		if (numa.cpus[i].node >= numa.node_count)
			abort();
	}
	for (unsigned from = 0; from < numa.node_count; from++) {
		for (unsigned to = 0; to < numa.node_count; to++) {
			if (numa.distance[from][to] < ARCH_DISTANCE_LOCAL)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t ids[8];
	struct arch_smp_list cpus = {ids, 0, 8, 1};

	fill();
	copy_input(data, size);
	seal_all();
	(void)acpi_find_cpus(size % 2 ? RSDP : 0, &cpus);
	check(&cpus);
	cpus.count = 0;
	(void)mptable_find_cpus(&cpus);
	check(&cpus);
	if (arch_numa_find(RSDP, &numa))
		check_numa();
	while (copy_count)
		free(copies[--copy_count]);
	return 0;
}
