/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Firmware tables in an array that stands for physical memory. firmware_map hands out copies of
 * exactly the size that was asked for, so that the address sanitizer sees every read beyond it.
 */
#ifndef UNIT_ARCH_TABLES_H
#define UNIT_ARCH_TABLES_H

#include "../common/unit.h"

#include <lib/types.h>

#define MEMORY_SIZE 0x110000u
#define RSDP	    0xe0010u
#define ROOT	    0x101000u

extern uint8_t memory[MEMORY_SIZE];

/* Frees what firmware_map has handed out. */
void tables_unmap(void);

/* VALUE as WIDTH bytes at AT. */
void table_put(size_t at, uint64_t value, size_t width);

/* Makes the SIZE bytes at TABLE add up to 0 by the byte at CHECKSUM_AT. */
void table_seal(size_t table, size_t size, size_t checksum_at);

/* SIGNATURE and LENGTH into the header of an ACPI table, and its checksum. */
void table_header(size_t table, const char *signature, uint32_t length);

/* Empty memory but for RSDP and the root table, of ACPI revision REVISION, which names COUNT
 * TABLES. */
void tables_root(unsigned revision, const uint32_t *tables, unsigned count);

#endif /* UNIT_ARCH_TABLES_H */
