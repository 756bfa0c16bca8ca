/* SPDX-License-Identifier: BSD-3-Clause */
/* Unwind tables: from an address to the entry that describes its function. */
#ifndef X86_64_UNWIND_TABLE_H
#define X86_64_UNWIND_TABLE_H

#include <lib/compiler.h>
#include <lib/types.h>

/* A position in the application's memory; reads past END or of unmapped memory set FAILED and give
 * 0. */
struct unwind_cursor {
	uintptr_t at, end;
	bool failed;
};

uint64_t cursor_read(struct unwind_cursor *c, unsigned size);
uint64_t cursor_uleb(struct unwind_cursor *c);
int64_t cursor_sleb(struct unwind_cursor *c);

struct unwind_entry {
	uintptr_t start, size; /* of the function */
	uint64_t code_factor;
	int64_t data_factor;
	uint64_t return_register;
	bool signal_frame;
	struct unwind_cursor initial, instructions; /* of the common and of the function's entry */
};

/* The entry for ADDRESS in the tables at HEADER. */
must_check bool unwind_find(uintptr_t header, uintptr_t address, struct unwind_entry *entry);

#endif /* X86_64_UNWIND_TABLE_H */
