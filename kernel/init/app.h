/* SPDX-License-Identifier: BSD-3-Clause */
/* The application: its image and its start. Private to this folder. */
#ifndef INIT_APP_H
#define INIT_APP_H

#include <lib/compiler.h>
#include <lib/types.h>

/* Places in the application's half. The stack's largest size and a gap fit between mappings and
 * stack. */
#define APP_STACK_TOP 0x7ffffffff000ul
#define APP_VDSO      0x7ffff7ff8000ul
#define APP_MAP_TOP   0x7ffff7000000ul

/* What the start needs to know of the image. */
struct app_image {
	uintptr_t entry;
	uintptr_t phdrs; /* in the application's memory */
	uint16_t phdr_count, phdr_size;
	uintptr_t brk_start;	 /* end of the last segment */
	uintptr_t unwind_header; /* .eh_frame_hdr, 0: none */
};

/* Maps the segments of the application that is linked to the kernel. 0 or -errno. */
must_check int app_image_map(struct app_image *image);

/* Creates the initial stack (System V ABI x86-64, 3.4.1): arguments, environment, auxiliary vector.
 * *STACK_POINTER for the first instruction. 0 or -errno. */
must_check int app_stack_create(const struct app_image *image, uintptr_t vdso,
				uintptr_t *stack_pointer);

/* Maps all of it and starts the first thread. 0 or -errno. */
must_check int app_start(void);

/* Before the application can crash. */
void crash_report_init(void);

/* The image that app_start has mapped. */
const struct app_image *app_image(void);

/* Starts the other CPUs, so that there are at most LIMIT. FRESH: no firmware has. Then, when there
 * is nothing else to do: waits until they are there. */
struct boot_info;
void smp_start(const struct boot_info *boot, unsigned limit, bool fresh);
void smp_wait(void);

#endif /* INIT_APP_H */
