/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Start of the other CPUs (Intel SDM vol. 3, 8.4): INIT and two start-up interrupts make them run
 * smp_trampoline (trampoline.S) in real mode, at TRAMPOLINE below 1 MiB, where no memory is given
 * out. It goes to 64-bit mode with tables that map the first GiB one to one beside the kernel's
 * half, takes the next place, and calls smp_entry on its stack. The boot tables still serve the
 * one-to-one part; nothing else uses it.
 */
#include <arch/smp.h>

#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <stdatomic.h>

#include "apic.h"
#include "asm.h"
#include "cpu.h"
#include "firmware.h"
#include "mmu.h"
#include "symbols.h"
#include "x86.h"

_Static_assert(offsetof(struct arch_smp_place, stack_top) == PLACE_STACK, "trampoline.S");
_Static_assert(sizeof(struct arch_smp_place) == PLACE_SIZE, "trampoline.S");

#define STARTUP_CYCLES 30000u /* 10 us at 3 GHz: INIT to start-up, and between the two of them */
#define ROOT_HALF      256u
#define EMULATED_NS    1000000000ull /* QEMU without KVM, perhaps on a busy machine */
#define PATIENCE_NS    100000000ull

/* Read by trampoline.S; written before the first start-up interrupt. */
const struct arch_smp_place *smp_places;
uint32_t smp_place_count;
uint32_t smp_place_next;
uint64_t smp_root;
_Alignas(PAGE_SIZE) uint64_t smp_start_tables[MMU_ENTRIES];

noreturn void smp_entry(const struct arch_smp_place *place);

const uint8_t *firmware_map(paddr_t address, size_t size)
{
	paddr_t end = ALIGN_UP(address + size, PAGE_SIZE);
	struct mmu_page page;
	uintptr_t window;

	if (!address || end < address || end > ARCH_PADDR_LIMIT)
		return NULL;
	for (paddr_t at = ALIGN_DOWN(address, PAGE_SIZE); at < end; at += PAGE_SIZE) {
		if (arch_mmu_query(ARCH_PHYSMAP_BASE + at, &page))
			continue;
		/* Beside the RAM. */
		at = ALIGN_DOWN(address, PAGE_SIZE);
		window = arch_mmio_map(at, end - at);
		return window ? (const uint8_t *)(window + (address - at)) : NULL;
	}
	return arch_phys_to_virt(address);
}

enum arch_smp_source arch_smp_find(uint64_t rsdp, struct arch_smp_list *list)
{
	if (acpi_find_cpus(rsdp, list))
		return ARCH_SMP_COMPLETE;
	return mptable_find_cpus(list) ? ARCH_SMP_PACKAGES : ARCH_SMP_NONE;
}

size_t arch_smp_tables_size(void)
{
	return sizeof(struct cpu_tables);
}

static void pause_startup(void)
{
	uint64_t start = arch_cycles();

	while (arch_cycles() - start < STARTUP_CYCLES)
		arch_cpu_relax();
}

void arch_smp_start(const struct arch_smp_place *places, const struct arch_smp_list *list,
		    unsigned count, bool fresh)
{
	const uint64_t *root = arch_phys_to_virt(arch_mmu_root());

	smp_places = places;
	smp_place_count = count;
	smp_root = arch_mmu_root();
	for (unsigned i = ROOT_HALF; i < MMU_ENTRIES; i++)
		smp_start_tables[i] = root[i];
	smp_start_tables[0] = ((uintptr_t)boot_pdpt - ARCH_KERNEL_BASE) | PTE_TABLE;
	memcpy(arch_phys_to_virt(TRAMPOLINE), smp_trampoline,
	       (size_t)(smp_trampoline_end - smp_trampoline));
	atomic_thread_fence(memory_order_seq_cst);
	/* After a reset they wait for the start-up interrupt already (SDM vol. 3, 8.4.2). Where
	 * QEMU counts instructions it takes an INIT for a whole turn of the CPU, 100 ms. */
	for (unsigned i = 0; i < count && !fresh; i++)
		apic_send(list->apic_ids[i], APIC_SEND_INIT);
	for (unsigned round = 0; round < 2; round++) {
		pause_startup();
		for (unsigned i = 0; i < count; i++)
			apic_send(list->apic_ids[i], APIC_SEND_STARTUP | TRAMPOLINE >> PAGE_SHIFT);
	}
}

/* From trampoline.S, on the stack of PLACE. */
void smp_entry(const struct arch_smp_place *place)
{
	cpu_init_with(place->percpu, place->tables);
	apic_init_cpu();
	place->entry();
	arch_cpu_halt();
}

unsigned arch_smp_begun(void)
{
	return MIN(READ_ONCE(smp_place_next), smp_place_count);
}

uint64_t arch_smp_patience_ns(void)
{
	return cpu_emulated() ? EMULATED_NS : PATIENCE_NS;
}

void arch_smp_join(void)
{
	apic_remember_id();
	tlb_join();
}
