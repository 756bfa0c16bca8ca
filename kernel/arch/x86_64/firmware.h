/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Firmware tables, and the processors that they list. Tables are input from outside: every access
 * goes through firmware_map, with the size that is read, and a table counts only with the right
 * checksum.
 */
#ifndef X86_64_FIRMWARE_H
#define X86_64_FIRMWARE_H

#include <arch/smp.h>
#include <lib/compiler.h>
#include <lib/types.h>

/* SIZE bytes of physical memory at ADDRESS, which stay mapped; NULL where that is impossible. */
const uint8_t *firmware_map(paddr_t address, size_t size);

/* The whole ACPI table with SIGNATURE (4 characters), its checksum right; NULL: there is none. */
const uint8_t *acpi_find_table(paddr_t rsdp, const char *signature, uint32_t *length);

/* Do they find a table? RSDP 0: looks for it where a BIOS leaves it. */
bool acpi_find_cpus(paddr_t rsdp, struct arch_smp_list *cpus);
bool mptable_find_cpus(struct arch_smp_list *cpus);

/* Fields are little-endian and not aligned. */
static inline uint32_t firmware_u16(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8;
}

static inline uint32_t firmware_u32(const uint8_t *at)
{
	return firmware_u16(at) | firmware_u16(at + 2) << 16;
}

static inline uint64_t firmware_u64(const uint8_t *at)
{
	return firmware_u32(at) | (uint64_t)firmware_u32(at + 4) << 32;
}

static inline bool firmware_checksum(const uint8_t *table, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + table[i]);
	return !sum;
}

#endif /* X86_64_FIRMWARE_H */
