/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of processors, good and damaged. */
#include "tables.h"

#include <firmware.h>
#include <string.h>

#define MADT	     0x102000u
#define MADT_ENTRIES 44u
#define MP_POINTER   0xf0020u
#define MP_TABLE     0xf0100u

#define NOBODY	     UINT32_MAX

static uint32_t ids[4];

/* Two usable local APICs, one that is not, one x2APIC. */
static void acpi_fill(unsigned revision)
{
	size_t at = MADT + MADT_ENTRIES;

	tables_root(revision, &(uint32_t){MADT}, 1);
	for (unsigned id = 0; id < 3; id++, at += 8) {
		table_put(at, 0x0800, 2); /* type 0, 8 bytes */
		memory[at + 3] = (uint8_t)(id * 3);
		table_put(at + 4, id != 1, 4);
	}
	table_put(at, 0x1009, 2); /* type 9, 16 bytes */
	table_put(at + 4, 300, 4);
	table_put(at + 8, 1, 4);
	table_header(MADT, "APIC", (uint32_t)(at + 16 - MADT));
}

static bool acpi(paddr_t rsdp, struct arch_smp_list *cpus)
{
	bool found;

	*cpus = (struct arch_smp_list){ids, 0, 4, NOBODY};
	found = acpi_find_cpus(rsdp, cpus);
	tables_unmap();
	return found;
}

static void acpi_good(void)
{
	struct arch_smp_list cpus;

	for (unsigned revision = 0; revision <= 2; revision += 2) {
		acpi_fill(revision);
		CHECK(acpi(revision ? RSDP : 0, &cpus) && cpus.count == 3);
		CHECK(ids[0] == 0 && ids[1] == 6 && ids[2] == 300);
	}
	cpus = (struct arch_smp_list){ids, 0, 1, NOBODY};
	CHECK(acpi_find_cpus(RSDP, &cpus) && cpus.count == 1);
	tables_unmap();
}

/* A CPU may have entries of both kinds (ACPI 6.4, 5.2.12.12); the executing one is not looked for.
 */
static void acpi_doubles(void)
{
	struct arch_smp_list cpus = {ids, 0, 4, 0};

	acpi_fill(2);
	table_put(MADT + MADT_ENTRIES + 3 * 8 + 4, 6, 4);
	table_header(MADT, "APIC", MADT_ENTRIES + 3 * 8 + 16);
	CHECK(acpi_find_cpus(RSDP, &cpus) && cpus.count == 1 && ids[0] == 6);
	tables_unmap();
}

static void acpi_damaged(void)
{
	struct arch_smp_list cpus;

	acpi_fill(2);
	memory[RSDP + 10]++;
	CHECK(!acpi(RSDP, &cpus) && !acpi(0, &cpus));
	acpi_fill(2);
	memory[MADT + MADT_ENTRIES]++;
	CHECK(!acpi(RSDP, &cpus));
	acpi_fill(2);
	table_put(ROOT + 36, UINT64_MAX, 8);
	table_header(ROOT, "XSDT", 44);
	CHECK(!acpi(RSDP, &cpus));
	for (unsigned size = 0; size < 256; size++) { /* an entry's own size */
		acpi_fill(2);
		memory[MADT + MADT_ENTRIES + 1] = (uint8_t)size;
		table_header(MADT, "APIC", 44 + 3 * 8 + 16);
		CHECK(acpi(RSDP, &cpus));
	}
	for (uint32_t length = 36; length < 44 + 3 * 8 + 16; length++) { /* the table's */
		acpi_fill(2);
		table_header(MADT, "APIC", length);
		CHECK(acpi(RSDP, &cpus));
	}
}

static void mp_fill(uint32_t length, unsigned entries)
{
	memset(memory, 0, MEMORY_SIZE);
	memcpy(memory + MP_POINTER, "_MP_", 4);
	table_put(MP_POINTER + 4, MP_TABLE, 4);
	memory[MP_POINTER + 8] = 1;
	table_seal(MP_POINTER, 16, 10);
	memcpy(memory + MP_TABLE, "PCMP", 4);
	table_put(MP_TABLE + 4, length, 2);
	table_put(MP_TABLE + 34, entries, 2);
	for (unsigned i = 0; i < 2; i++) {
		memory[MP_TABLE + 44 + 20 * i + 1] = (uint8_t)(i + 5);
		memory[MP_TABLE + 44 + 20 * i + 3] = 1;
	}
	memory[MP_TABLE + 84] = 1; /* a bus */
	table_seal(MP_TABLE, length, 7);
}

static bool mp(struct arch_smp_list *cpus)
{
	bool found;

	*cpus = (struct arch_smp_list){ids, 0, 4, NOBODY};
	found = mptable_find_cpus(cpus);
	tables_unmap();
	return found;
}

static void mp_tables(void)
{
	struct arch_smp_list cpus;

	mp_fill(92, 3);
	CHECK(mp(&cpus) && cpus.count == 2 && ids[0] == 5 && ids[1] == 6);
	memory[MP_TABLE + 50]++;
	CHECK(!mp(&cpus));
	mp_fill(92, 3);
	memory[MP_POINTER + 5]++;
	CHECK(!mp(&cpus));
	for (uint32_t length = 44; length < 92; length++) {
		mp_fill(length, 0xffff);
		CHECK(mp(&cpus) && cpus.count == (length - 44) / 20);
	}
	memset(memory, 0, MEMORY_SIZE);
	CHECK(!mp(&cpus));
}

int main(void)
{
	acpi_good();
	acpi_doubles();
	acpi_damaged();
	mp_tables();
	return 0;
}
