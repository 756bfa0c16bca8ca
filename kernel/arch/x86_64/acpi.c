/* SPDX-License-Identifier: BSD-3-Clause */
/* ACPI tables: RSDP, then XSDT or RSDT, then the table that is looked for; and the processors in
 * the MADT (ACPI 6.4, 5.2.5 to 5.2.12). */
#include <lib/string.h>

#include "firmware.h"

#define BIOS_START	 0xe0000u
#define BIOS_END	 0x100000u
#define RSDP_STEP	 16u
#define RSDP_SIZE	 20u /* what the checksum covers */
#define RSDP_SIZE_2	 36u
#define RSDP_REVISION	 15u /* offsets */
#define RSDP_RSDT	 16u
#define RSDP_XSDT	 24u

#define HEADER_SIZE	 36u
#define SIGNATURE_SIZE	 4u
#define HEADER_LENGTH	 4u
#define TABLE_MAX	 (1u << 20)

#define MADT_ENTRIES	 44u
#define MADT_LAPIC	 0u
#define MADT_LAPIC_SIZE	 8u
#define MADT_X2APIC	 9u
#define MADT_X2APIC_SIZE 16u
#define MADT_ENABLED	 1u

/* The whole table at ADDRESS; NULL when it is damaged. */
static const uint8_t *map_table(paddr_t address, uint32_t *length)
{
	const uint8_t *table = firmware_map(address, HEADER_SIZE);

	if (!table)
		return NULL;
	*length = firmware_u32(table + HEADER_LENGTH);
	if (*length < HEADER_SIZE || *length > TABLE_MAX)
		return NULL;
	table = firmware_map(address, *length);
	return table && firmware_checksum(table, *length) ? table : NULL;
}

static bool is_rsdp(const uint8_t *at)
{
	return memcmp(at, "RSD PTR ", 8) == 0 && firmware_checksum(at, RSDP_SIZE);
}

static paddr_t scan_rsdp(void)
{
	const uint8_t *bios = firmware_map(BIOS_START, BIOS_END - BIOS_START);

	for (size_t i = 0; bios && i + RSDP_SIZE <= BIOS_END - BIOS_START; i += RSDP_STEP) {
		if (is_rsdp(bios + i))
			return BIOS_START + i;
	}
	return 0;
}

static void madt_read(const uint8_t *madt, uint32_t length, struct arch_smp_list *cpus)
{
	uint32_t at = MADT_ENTRIES;

	while (at + 2 <= length) {
		const uint8_t *entry = madt + at;
		uint8_t type = entry[0], size = entry[1];

		if (size < 2 || size > length - at)
			return;
		if (type == MADT_LAPIC && size >= MADT_LAPIC_SIZE &&
		    firmware_u32(entry + 4) & MADT_ENABLED)
			arch_smp_list_add(cpus, entry[3]);
		if (type == MADT_X2APIC && size >= MADT_X2APIC_SIZE &&
		    firmware_u32(entry + 8) & MADT_ENABLED)
			arch_smp_list_add(cpus, firmware_u32(entry + 4));
		at += size;
	}
}

/* Looks for a table in the one at ROOT, whose entries have WIDTH bytes. */
static const uint8_t *root_find(paddr_t root, size_t width, const char *signature, uint32_t *length)
{
	uint32_t root_length;
	const uint8_t *table = map_table(root, &root_length);

	for (size_t at = HEADER_SIZE; table && at + width <= root_length; at += width) {
		paddr_t address = width == 8 ? firmware_u64(table + at) : firmware_u32(table + at);
		const uint8_t *found = firmware_map(address, HEADER_SIZE);

		if (!found || memcmp(found, signature, SIGNATURE_SIZE) != 0)
			continue;
		found = map_table(address, length);
		if (found)
			return found;
	}
	return NULL;
}

const uint8_t *acpi_find_table(paddr_t rsdp, const char *signature, uint32_t *length)
{
	const uint8_t *at = firmware_map(rsdp, RSDP_SIZE);

	if (!at || !is_rsdp(at))
		return NULL;
	if (at[RSDP_REVISION] >= 2) {
		const uint8_t *whole = firmware_map(rsdp, RSDP_SIZE_2);

		if (whole && firmware_checksum(whole, RSDP_SIZE_2))
			return root_find(firmware_u64(whole + RSDP_XSDT), 8, signature, length);
	}
	return root_find(firmware_u32(at + RSDP_RSDT), 4, signature, length);
}

bool acpi_find_cpus(paddr_t rsdp, struct arch_smp_list *cpus)
{
	const uint8_t *madt;
	uint32_t length;

	if (!rsdp)
		rsdp = scan_rsdp();
	madt = rsdp ? acpi_find_table(rsdp, "APIC", &length) : NULL;
	if (madt)
		madt_read(madt, length, cpus);
	return madt;
}
