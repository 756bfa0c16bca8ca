/* SPDX-License-Identifier: BSD-3-Clause */
/* What assembly (boot.S, entry.S, trampoline.S) and linker scripts (toolchain/kernel.ld, hermit.ld)
 * define. Private to this folder. */
#ifndef X86_64_SYMBOLS_H
#define X86_64_SYMBOLS_H

#include <lib/types.h>

/* Bounds of the kernel's parts, which start on new pages: text, constants, data. */
extern const char kernel_text_start[], kernel_rodata_start[], kernel_data_start[], kernel_bss_end[];
/* Kernel and application in memory; the addresses are physical. */
extern const char __hermit_image_start[], __hermit_image_end[];

/* Instructions that may fault, with the place to go on (table .ktable.fixup). */
struct fixup {
	uint64_t from, to;
};
extern const struct fixup kernel_fixup_start[], kernel_fixup_end[];

/* boot.S: the application, the boot tables, the time stamp at the first instruction. */
extern const uint64_t boot_app_entry, boot_app_header, boot_app_load;
extern const uint64_t boot_pdpt[];
extern uint64_t boot_entry_tsc;

/* entry.S: the code that each vector enters. */
extern const uint8_t trap_vectors[256][16];

/* entry.S: instructions that wait for an interrupt, and where it goes on after them. */
extern const uint8_t idle_waits_halt[], idle_waits_mwait[], idle_done[];

/* trampoline.S: the first code of another CPU. */
extern const uint8_t smp_trampoline[], smp_trampoline_end[];

#endif /* X86_64_SYMBOLS_H */
