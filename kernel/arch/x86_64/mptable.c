/* SPDX-License-Identifier: BSD-3-Clause */
/* Processors in the MP configuration table (Intel MultiProcessor Specification 1.4, chapter 4). */
#include <lib/string.h>

#include "firmware.h"

/* Where the pointer structure may lie, besides the extended BIOS data area. */
#define BIOS_START	 0xf0000u
#define BIOS_SIZE	 0x10000u
#define BASE_MEMORY_LAST 0x9fc00u
#define AREA_SIZE	 0x400u

#define POINTER_SIZE	 16u
#define POINTER_TABLE	 4u /* offsets */
#define POINTER_LENGTH	 8u

#define HEADER_SIZE	 44u
#define HEADER_LENGTH	 4u
#define HEADER_ENTRIES	 34u

#define ENTRY_PROCESSOR	 0u
#define PROCESSOR_SIZE	 20u
#define OTHER_SIZE	 8u
#define PROCESSOR_USABLE 1u

static bool table_read(paddr_t address, struct arch_smp_list *cpus)
{
	const uint8_t *table = firmware_map(address, HEADER_SIZE);
	uint32_t length, entries, at = HEADER_SIZE;

	if (!table || memcmp(table, "PCMP", 4) != 0)
		return false;
	length = firmware_u16(table + HEADER_LENGTH);
	if (length < HEADER_SIZE)
		return false;
	table = firmware_map(address, length);
	if (!table || !firmware_checksum(table, length))
		return false;
	entries = firmware_u16(table + HEADER_ENTRIES);
	for (uint32_t i = 0; i < entries && at < length; i++) {
		uint32_t size = table[at] == ENTRY_PROCESSOR ? PROCESSOR_SIZE : OTHER_SIZE;

		if (size > length - at)
			break;
		if (table[at] == ENTRY_PROCESSOR && table[at + 3] & PROCESSOR_USABLE)
			arch_smp_list_add(cpus, table[at + 1]);
		at += size;
	}
	return true;
}

static bool area_search(paddr_t start, size_t size, struct arch_smp_list *cpus)
{
	const uint8_t *area = firmware_map(start, size);

	for (size_t i = 0; area && i + POINTER_SIZE <= size; i += POINTER_SIZE) {
		const uint8_t *at = area + i;

		if (memcmp(at, "_MP_", 4) == 0 && at[POINTER_LENGTH] == 1 &&
		    firmware_checksum(at, POINTER_SIZE) &&
		    table_read(firmware_u32(at + POINTER_TABLE), cpus))
			return true;
	}
	return false;
}

bool mptable_find_cpus(struct arch_smp_list *cpus)
{
	return area_search(BIOS_START, BIOS_SIZE, cpus) ||
	       area_search(BASE_MEMORY_LAST, AREA_SIZE, cpus);
}
