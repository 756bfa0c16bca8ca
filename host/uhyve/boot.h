/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lies in guest memory before the first instruction: the image at its physical addresses, and
 * below 1 MiB, where the kernel gives out no memory, what the host has to say.
 */
#ifndef UHYVE_BOOT_H
#define UHYVE_BOOT_H

#include "cpu.h"
#include "error.h"

#include "common/elf_image.h"
#include "common/guest_mem.h"

/* Guest-physical addresses. 0x8000 to 0x8fff is the kernel's (start of its other processors). */
#define BOOT_INFO_ADDRESS    0x10000u /* struct boot_info */
#define BOOT_CMDLINE_ADDRESS 0x13000u
#define BOOT_CMDLINE_SIZE    0x1000u
#define BOOT_TABLES_ADDRESS  0x14000u /* page tables for the first instructions */
#define BOOT_CLOCK_ADDRESS   0x17000u /* kvmclock page */
#define BOOT_CHANNEL_ADDRESS 0x20000u
#define BOOT_CHANNEL_RING    0x10000u /* bytes of each of the two rings */
#define BOOT_IMAGE_MIN	     0x100000u

#define BOOT_CHANNEL_IRQ     16u /* a pin of the I/O APIC alone */
#define BOOT_NET_IRQ	     17u
#define BOOT_DOORBELL_PORT   0x600u
#define BOOT_CONSOLE_PORT_IO 0x610u

/* The registers of the network card, in the devices' hole. */
#define BOOT_NET_ADDRESS 0xfeb00000u

/* Where memory of a size goes on that has no place below: the devices' hole ends at 4 GiB. */
#define BOOT_LOW_MEMORY_MAX (3ull << 30)

struct boot_config {
	unsigned cpus;
	uint64_t tsc_hz;
	bool verbose;
	bool net;		/* there is a network card */
	const char *parameters; /* more for the command line, each after a space; NULL: none */
};

/* Reads the image from FD into MEM. Every segment is checked against the memory. 0, or -errno. */
int boot_load_image(const struct guest_mem *mem, int fd, const struct elf_image *image,
		    struct uhyve_error *error);

/* Writes boot_info, command line and page tables, and fills in START. */
int boot_describe(const struct guest_mem *mem, const struct elf_image *image,
		  const struct boot_config *config, struct cpu_start *start,
		  struct uhyve_error *error);

#endif /* UHYVE_BOOT_H */
