/* SPDX-License-Identifier: BSD-3-Clause */
/* A target for the GDB server that is nothing but memory and numbers, with what was sent to GDB. */
#ifndef TEST_GDB_FAKE_H
#define TEST_GDB_FAKE_H

#include "gdb_server.h"

#define FAKE_CPUS      3u
#define FAKE_REGISTERS 4u /* of 1, 2, 4 and 8 bytes; the second is read-only */
#define FAKE_BASE      0x1000u
#define FAKE_MEMORY    0x10000u

struct fake {
	struct gdb_target target;
	uint8_t registers[FAKE_CPUS][FAKE_REGISTERS][8];
	uint8_t memory[FAKE_MEMORY];
	unsigned breakpoints; /* set and not cleared */
	enum gdb_breakpoint kind;
	uint64_t address, length;
	enum gdb_action actions[FAKE_CPUS];
	bool running;
	unsigned stops, detached, killed;
	size_t sent;
	char out[256 * 1024];
};

void fake_init(struct fake *fake);

#endif /* TEST_GDB_FAKE_H */
