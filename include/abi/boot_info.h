/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * struct boot_info: what every platform tells the kernel at its start.
 *
 * PVH (QEMU, Firecracker, Cloud Hypervisor): the kernel's own entry code builds it from the
 * hvm_start_info. uhyve and the multi-kernel: the host writes it and passes its guest-physical
 * address in RDI at the 64-bit entry point. All code after it is the same for all platforms.
 *
 * Addresses are guest-physical. A zero address or count means "not there".
 */
#ifndef ABI_BOOT_INFO_H
#define ABI_BOOT_INFO_H

#include <stddef.h>
#include <stdint.h>

#define BOOT_INFO_MAGIC	  0x54494d5245484f42ull /* "BOHERMIT" */
#define BOOT_INFO_VERSION 2u

#define BOOT_MEM_MAX	  64u
#define BOOT_CPUS_MAX	  512u

/* Identification note in the image (name "HermitCore"): what the proxy checks before it starts it.
 */
#define HERMIT_NOTE_NAME   "HermitCore"
#define HERMIT_NOTE_TYPE   1u /* descriptor: struct hermit_note */
#define HERMIT_ABI_VERSION 1u
#define HERMIT_ELF_OSABI   0x42 /* e_ident[EI_OSABI] */

/* The kernel's segments are linked at HERMIT_KERNEL_BASE + physical address. */
#define HERMIT_KERNEL_BASE 0xffffffff80000000ull

/*
 * p_type of the application's .bss: like a PT_LOAD without file contents, but no loader reserves
 * memory for it; the kernel supplies zeroed pages on demand.
 */
#define HERMIT_PT_BSS 0x60425353u

struct hermit_note {
	uint32_t abi_version; /* HERMIT_ABI_VERSION */
	uint32_t hc_version;  /* HC_VERSION the kernel speaks */
	uint64_t entry64;     /* physical address of the 64-bit entry (uhyve, multi-kernel) */
	/* Physical range of kernel and application in memory, whole pages; no HERMIT_PT_BSS. */
	uint64_t image_start;
	uint64_t image_end;
};

enum boot_mem_type {
	BOOT_MEM_RAM = 1,
	BOOT_MEM_RESERVED,
	BOOT_MEM_ACPI,
	BOOT_MEM_NVS,
};

#define BOOT_MEM_ZEROED 1u /* the range has not been written since it was zeroed */

struct boot_mem {
	uint64_t start, size;
	uint32_t type;	/* enum boot_mem_type */
	uint32_t flags; /* BOOT_MEM_ZEROED */
	uint32_t node;	/* NUMA node */
	uint32_t reserved;
};

enum boot_platform {
	BOOT_PLATFORM_PVH = 1,
	BOOT_PLATFORM_UHYVE,
	BOOT_PLATFORM_MULTIKERNEL,
};

enum boot_channel {
	BOOT_CHANNEL_NONE = 0, /* no proxy: output goes to the console */
	BOOT_CHANNEL_VIRTIO,   /* first virtio console device found (MMIO or PCI) */
	BOOT_CHANNEL_SHM,      /* shared rings at channel_base: abi/ring.h */
	BOOT_CHANNEL_TCP,      /* multi-kernel */
};

enum boot_console {
	BOOT_CONSOLE_NONE = 0,
	BOOT_CONSOLE_UART_IO, /* 16550 at I/O port console_base */
	BOOT_CONSOLE_LOG,     /* only the log ring */
	BOOT_CONSOLE_PORT,    /* boot_console_text, its address written to I/O port console_base */
};

/* A text for BOOT_CONSOLE_PORT, anywhere below 4 GiB: its physical address goes to the port as 32
 * bits, and it has been taken when that instruction ends. */
#define BOOT_CONSOLE_TEXT_MAX 252u

struct boot_console_text {
	uint32_t length; /* at most BOOT_CONSOLE_TEXT_MAX */
	char text[BOOT_CONSOLE_TEXT_MAX];
};

struct boot_info {
	uint64_t magic; /* BOOT_INFO_MAGIC */
	uint32_t version;
	uint32_t platform; /* enum boot_platform */

	uint32_t mem_count;
	uint32_t cpu_count; /* 0: find out (ACPI, MP table) */
	struct boot_mem mem[BOOT_MEM_MAX];
	uint32_t cpu_apic_id[BOOT_CPUS_MAX];

	uint64_t cmdline; /* text, NUL-terminated */
	uint64_t rsdp;

	uint64_t tsc_hz;	/* 0: from CPUID, kvmclock or the HELLO reply */
	uint64_t apic_timer_hz; /* 0: unknown */
	uint64_t kvmclock;	/* pvclock page, 0: none */

	uint32_t console; /* enum boot_console */
	uint32_t channel; /* enum boot_channel */
	uint64_t console_base;
	uint64_t channel_base, channel_size;
	uint32_t channel_irq;
	uint32_t net_count;

	uint64_t module_start, module_size; /* first module (initrd) */
};

_Static_assert(sizeof(struct boot_mem) == 32, "boot_mem");
_Static_assert(sizeof(struct boot_console_text) == 256, "boot_console_text");
_Static_assert(offsetof(struct boot_info, mem) == 24, "boot_info.mem");

#endif /* ABI_BOOT_INFO_H */
