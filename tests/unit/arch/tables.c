/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables.h"

#include <firmware.h>
#include <stdlib.h>
#include <string.h>

#define COPIES_MAX 64u

uint8_t memory[MEMORY_SIZE];

static uint8_t *copies[COPIES_MAX];
static unsigned copy_count;

const uint8_t *firmware_map(paddr_t address, size_t size)
{
	if (!address || address > MEMORY_SIZE || size > MEMORY_SIZE - address)
		return NULL;
	CHECK(copy_count < COPIES_MAX);
	copies[copy_count] = malloc(size);
	memcpy(copies[copy_count], memory + address, size);
	return copies[copy_count++];
}

void tables_unmap(void)
{
	while (copy_count)
		free(copies[--copy_count]);
}

void table_put(size_t at, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		memory[at + i] = (uint8_t)(value >> (8 * i));
}

void table_seal(size_t table, size_t size, size_t checksum_at)
{
	uint8_t sum = 0;

	memory[table + checksum_at] = 0;
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + memory[table + i]);
	memory[table + checksum_at] = (uint8_t)-sum;
}

void table_header(size_t table, const char *signature, uint32_t length)
{
	memcpy(memory + table, signature, 4);
	table_put(table + 4, length, 4);
	table_seal(table, length, 9);
}

void tables_root(unsigned revision, const uint32_t *tables, unsigned count)
{
	size_t width = revision >= 2 ? 8 : 4;

	memset(memory, 0, sizeof(memory));
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = (uint8_t)revision;
	table_put(RSDP + 16, revision >= 2 ? 0 : ROOT, 4);
	table_put(RSDP + 20, 36, 4);
	table_put(RSDP + 24, ROOT, 8);
	table_seal(RSDP, 20, 8);
	table_seal(RSDP, 36, 32);
	for (unsigned i = 0; i < count; i++)
		table_put(ROOT + 36 + i * width, tables[i], width);
	table_header(ROOT, revision >= 2 ? "XSDT" : "RSDT", (uint32_t)(36 + count * width));
}
