/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PVH start (Xen's x86/HVM direct boot ABI, include/xen/arch-x86/hvm/start_info.h): hvm_start_info
 * to struct boot_info. Runs on the boot stack with the first GiB mapped.
 */
#include <abi/boot_info.h>
#include <abi/hostcall.h>
#include <arch/boot.h>
#include <lib/assert.h>
#include <lib/compiler.h>
#include <lib/types.h>

#include "asm.h"
#include "symbols.h"

_Static_assert(HERMIT_ABI_VERSION == 1 && HC_VERSION == 1, "boot.S has them in the note");
_Static_assert(sizeof(struct hermit_note) == 32, "boot.S");

#define HVM_START_MAGIC	 0x336ec578u
#define HVM_MEMMAP_RAM	 1u
#define HVM_MEMMAP_ACPI	 3u
#define HVM_MEMMAP_NVS	 4u
#define BOOT_MAPPED_SIZE (1ull << 30)

struct hvm_start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp;
	uint64_t memmap; /* version >= 1 */
	uint32_t memmap_count, reserved;
};

struct hvm_module {
	uint64_t address, size, cmdline, reserved;
};

struct hvm_memmap {
	uint64_t address, size;
	uint32_t type, reserved;
};

void arch_boot_pvh(uint64_t start_info);
void arch_boot_info(uint64_t info);

static struct boot_info pvh_info;

/* What the loader left below the first GiB; NULL where it did not. */
static const void *boot_pointer(uint64_t address, uint64_t size)
{
	if (!address || address >= BOOT_MAPPED_SIZE || size > BOOT_MAPPED_SIZE - address)
		return NULL;
	return (const void *)(PHYSMAP_BASE + address);
}

static uint32_t mem_type(uint32_t type)
{
	switch (type) {
	case HVM_MEMMAP_RAM:
		return BOOT_MEM_RAM;
	case HVM_MEMMAP_ACPI:
		return BOOT_MEM_ACPI;
	case HVM_MEMMAP_NVS:
		return BOOT_MEM_NVS;
	default:
		return BOOT_MEM_RESERVED;
	}
}

static void add_memory(struct boot_info *info, const struct hvm_start_info *start)
{
	const struct hvm_memmap *map =
		boot_pointer(start->memmap, start->memmap_count * sizeof(struct hvm_memmap));

	for (uint32_t i = 0; map && i < start->memmap_count && info->mem_count < BOOT_MEM_MAX; i++)
		info->mem[info->mem_count++] = (struct boot_mem){
			.start = map[i].address,
			.size = map[i].size,
			.type = mem_type(map[i].type),
		};
}

static void add_module(struct boot_info *info, const struct hvm_start_info *start)
{
	const struct hvm_module *module = boot_pointer(start->modules, sizeof(*module));

	if (start->module_count && module) {
		info->module_start = module->address;
		info->module_size = module->size;
	}
}

void arch_boot_pvh(uint64_t start_info)
{
	const struct hvm_start_info *start = boot_pointer(start_info, sizeof(*start));

	pvh_info.magic = BOOT_INFO_MAGIC;
	pvh_info.version = BOOT_INFO_VERSION;
	pvh_info.platform = BOOT_PLATFORM_PVH;
	pvh_info.console = BOOT_CONSOLE_UART_IO;
	pvh_info.console_base = 0x3f8;
	if (start && start->magic == HVM_START_MAGIC) {
		pvh_info.cmdline = start->cmdline;
		pvh_info.rsdp = start->rsdp;
		if (start->version >= 1)
			add_memory(&pvh_info, start);
		add_module(&pvh_info, start);
	}
	kernel_main(&pvh_info);
}

void arch_boot_info(uint64_t info)
{
	struct boot_info *given = (struct boot_info *)(PHYSMAP_BASE + info);

	kernel_main(given);
}

uintptr_t arch_app_entry(void)
{
	return boot_app_entry;
}

uintptr_t arch_app_header(void)
{
	return boot_app_header;
}

paddr_t arch_app_load(void)
{
	return boot_app_load;
}
