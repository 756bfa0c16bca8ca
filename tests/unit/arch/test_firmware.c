/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tables of processors, good and damaged. Memory is an array; what is asked for is handed out as a
 * copy of exactly that size, so that the address sanitizer sees every read beyond it.
 */
#include <firmware.h>

#include "../common/unit.h"

#include <stdlib.h>
#include <string.h>

#define MEMORY_SIZE  0x110000u
#define RSDP	     0xe0010u
#define ROOT	     0x101000u
#define MADT	     0x102000u
#define MADT_ENTRIES 44u
#define MP_POINTER   0xf0020u
#define MP_TABLE     0xf0100u
#define COPIES_MAX   64u

static uint8_t memory[MEMORY_SIZE];
static uint8_t *copies[COPIES_MAX];
static unsigned copy_count;
static uint32_t ids[4];

const uint8_t *firmware_map(paddr_t address, size_t size)
{
	if (!address || address > MEMORY_SIZE || size > MEMORY_SIZE - address)
		return NULL;
	CHECK(copy_count < COPIES_MAX);
	copies[copy_count] = malloc(size);
	memcpy(copies[copy_count], memory + address, size);
	return copies[copy_count++];
}

static void copies_free(void)
{
	while (copy_count)
		free(copies[--copy_count]);
}

static void put(size_t at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		memory[at + i] = (uint8_t)(value >> (8 * i));
}

static void seal(size_t table, size_t size, size_t checksum_at)
{
	uint8_t sum = 0;

	memory[table + checksum_at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + memory[table + i]);
	memory[table + checksum_at] = (uint8_t)-sum;
}

static void header(size_t table, const char *signature, uint32_t length)
{
	memcpy(memory + table, signature, 4);
	put(table + 4, length, 4);
	seal(table, length, 9);
}

/* Two usable local APICs, one that is not, one x2APIC. */
static void acpi_fill(unsigned revision)
{
	size_t at = MADT + MADT_ENTRIES, width = revision >= 2 ? 8 : 4;

	memset(memory, 0, sizeof(memory));
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = (uint8_t)revision;
	put(RSDP + 16, revision >= 2 ? 0 : ROOT, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, ROOT, 8);
	seal(RSDP, 20, 8);
	seal(RSDP, 36, 32);
	put(ROOT + 36, MADT, width);
	header(ROOT, revision >= 2 ? "XSDT" : "RSDT", (uint32_t)(36 + width));
	for (unsigned id = 0; id < 3; id++, at += 8) {
		put(at, 0x0800, 2); /* type 0, 8 bytes */
		memory[at + 3] = (uint8_t)(id * 3);
		put(at + 4, id != 1, 4);
	}
	put(at, 0x1009, 2); /* type 9, 16 bytes */
	put(at + 4, 300, 4);
	put(at + 8, 1, 4);
	header(MADT, "APIC", (uint32_t)(at + 16 - MADT));
}

static bool acpi(paddr_t rsdp, struct firmware_cpus *cpus)
{
	bool found;

	*cpus = (struct firmware_cpus){ids, 0, 4};
	found = acpi_find_cpus(rsdp, cpus);
	copies_free();
	return found;
}

static void acpi_good(void)
{
	struct firmware_cpus cpus;

	for (unsigned revision = 0; revision <= 2; revision += 2) {
		acpi_fill(revision);
		CHECK(acpi(revision ? RSDP : 0, &cpus) && cpus.count == 3);
		CHECK(ids[0] == 0 && ids[1] == 6 && ids[2] == 300);
	}
	cpus = (struct firmware_cpus){ids, 0, 1};
	CHECK(acpi_find_cpus(RSDP, &cpus) && cpus.count == 1);
	copies_free();
}

static void acpi_damaged(void)
{
	struct firmware_cpus cpus;

	acpi_fill(2);
	memory[RSDP + 10]++;
	CHECK(!acpi(RSDP, &cpus) && !acpi(0, &cpus));
	acpi_fill(2);
	memory[MADT + MADT_ENTRIES]++;
	CHECK(!acpi(RSDP, &cpus));
	acpi_fill(2);
	put(ROOT + 36, UINT64_MAX, 8);
	header(ROOT, "XSDT", 44);
	CHECK(!acpi(RSDP, &cpus));
	for (unsigned size = 0; size < 256; size++) { /* an entry's own size */
		acpi_fill(2);
		memory[MADT + MADT_ENTRIES + 1] = (uint8_t)size;
		header(MADT, "APIC", 44 + 3 * 8 + 16);
		CHECK(acpi(RSDP, &cpus));
	}
	for (uint32_t length = 36; length < 44 + 3 * 8 + 16; length++) { /* the table's */
		acpi_fill(2);
		header(MADT, "APIC", length);
		CHECK(acpi(RSDP, &cpus));
	}
}

static void mp_fill(uint32_t length, unsigned entries)
{
	memset(memory, 0, sizeof(memory));
	memcpy(memory + MP_POINTER, "_MP_", 4);
	put(MP_POINTER + 4, MP_TABLE, 4);
	memory[MP_POINTER + 8] = 1;
	seal(MP_POINTER, 16, 10);
	memcpy(memory + MP_TABLE, "PCMP", 4);
	put(MP_TABLE + 4, length, 2);
	put(MP_TABLE + 34, entries, 2);
	for (unsigned i = 0; i < 2; i++) {
		memory[MP_TABLE + 44 + 20 * i + 1] = (uint8_t)(i + 5);
		memory[MP_TABLE + 44 + 20 * i + 3] = 1;
	}
	memory[MP_TABLE + 84] = 1; /* a bus */
	seal(MP_TABLE, length, 7);
}

static bool mp(struct firmware_cpus *cpus)
{
	bool found;

	*cpus = (struct firmware_cpus){ids, 0, 4};
	found = mptable_find_cpus(cpus);
	copies_free();
	return found;
}

static void mp_tables(void)
{
	struct firmware_cpus cpus;

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
	memset(memory, 0, sizeof(memory));
	CHECK(!mp(&cpus));
}

int main(void)
{
	acpi_good();
	acpi_damaged();
	mp_tables();
	return 0;
}
