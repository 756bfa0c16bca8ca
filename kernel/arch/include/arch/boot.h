/* SPDX-License-Identifier: BSD-3-Clause */
/* From the processor's start to the kernel's. */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

#include <abi/boot_info.h>
#include <lib/compiler.h>
#include <lib/types.h>

/* kernel/init: first C function that is the same on all platforms. On the boot stack, interrupts
 * off, only the first GiB of physical memory mapped. INFO lies in mapped memory. */
noreturn void kernel_main(struct boot_info *info);

/* Address of the application's ELF header and of its first instruction (_start). */
uintptr_t arch_app_header(void);
uintptr_t arch_app_entry(void);

/* Physical address of the application's ELF header. */
paddr_t arch_app_load(void);

#endif /* ARCH_BOOT_H */
