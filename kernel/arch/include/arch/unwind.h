/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Call chains of the application by its unwind tables (.eh_frame_hdr and .eh_frame: LSB
 * Core 5.0, 10.6; DWARF 5, 6.4). The tables and the stack are the application's memory and may be
 * damaged: every access is checked, every loop bounded, and a step that makes no sense ends the
 * chain. Task context: page faults may block.
 */
#ifndef ARCH_UNWIND_H
#define ARCH_UNWIND_H

#include <arch/trap.h>
#include <lib/compiler.h>
#include <lib/types.h>

#define ARCH_UNWIND_REGISTERS 17 /* DWARF numbers of x86-64: 16 general ones, return address */

struct arch_unwind {
	uint64_t value[ARCH_UNWIND_REGISTERS];
	bool first; /* the innermost frame: its address is exact, not behind a call */
};

/* Starts at the registers of FRAME. */
void arch_unwind_begin(struct arch_unwind *unwind, const struct trap_frame *frame);

/* The address in the current function. */
uintptr_t arch_unwind_address(const struct arch_unwind *unwind);

/* Goes to the caller (one task at a time: the caller locks). HEADER: address of .eh_frame_hdr, 0:
 * none. False at the end of the chain. */
must_check bool arch_unwind_step(struct arch_unwind *unwind, uintptr_t header);

#endif /* ARCH_UNWIND_H */
