/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptor tables and system registers of a CPU (Intel SDM vol. 3, chapters 2, 3, 5 and 6).
 *
 * The IDT is shared and written once, by the boot CPU. GDT, TSS and the four interrupt stacks
 * belong to one CPU each; the boot CPU's are static, the others' come from the heap (smp.c).
 */
#include "cpu.h"

#include <arch/cpu.h>
#include <arch/percpu.h>
#include <lib/assert.h>
#include <stdatomic.h>

#include "asm.h"
#include "regs.h"
#include "symbols.h"
#include "x86.h"

struct idt_gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};

#define GATE_INTERRUPT 0x8e /* present, DPL 0, 64-bit interrupt gate: interrupts off */

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

_Static_assert(sizeof(struct idt_gate) == 16, "SDM vol. 3, 6.14.1");
_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3, 7.7");

void syscall_entry(void);

static struct idt_gate idt[256];
static struct cpu_tables boot_tables;

static void idt_fill(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(idt); i++) {
		uintptr_t entry = (uintptr_t)trap_vectors[i];

		idt[i] = (struct idt_gate){
			.offset_low = (uint16_t)entry,
			.selector = SEL_CODE,
			.ist = IST_TRAP,
			.type = GATE_INTERRUPT,
			.offset_mid = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
	idt[2].ist = IST_NMI;
	idt[8].ist = IST_DOUBLE_FAULT;
	idt[18].ist = IST_MACHINE;
}

static void tables_fill(struct cpu_tables *tables)
{
	uintptr_t tss = (uintptr_t)&tables->tss;

	tables->gdt[SEL_CODE / 8] = 0x00af9b000000ffffull;
	tables->gdt[SEL_DATA / 8] = 0x00cf93000000ffffull;
	tables->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 |
				   0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	tables->gdt[SEL_TSS / 8 + 1] = tss >> 32;
	for (unsigned i = 0; i < ARRAY_SIZE(tables->stacks); i++)
		tables->tss.ist[i] = (uintptr_t)tables->stacks[i] + sizeof(tables->stacks[i]);
	tables->tss.io_map = sizeof(struct tss);
}

static void tables_load(struct cpu_tables *tables)
{
	struct table_pointer gdtr = {sizeof(tables->gdt) - 1, (uintptr_t)tables->gdt};
	struct table_pointer idtr = {sizeof(idt) - 1, (uintptr_t)idt};

	__asm__ volatile("lgdt %0" ::"m"(gdtr));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::"i"(SEL_CODE)
			 : "rax", "memory");
	__asm__ volatile("mov %0, %%ss; mov %0, %%ds; mov %0, %%es" ::"r"(SEL_DATA));
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
	__asm__ volatile("lidt %0" ::"m"(idtr));
}

void arch_percpu_install(struct arch_percpu *percpu)
{
	percpu->self = percpu;
	x86_wrmsr(MSR_GS_BASE, (uintptr_t)percpu);
}

void cpu_init_with(struct arch_percpu *percpu, struct cpu_tables *tables)
{
	uint64_t cr4 = x86_read_cr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	tables_fill(tables);
	tables_load(tables);
	arch_percpu_install(percpu); /* loading selectors may have cleared the base */
	x86_wrmsr(MSR_STAR, (uint64_t)SEL_CODE << 32);
	x86_wrmsr(MSR_LSTAR, (uintptr_t)syscall_entry);
	x86_wrmsr(MSR_SFMASK, RFLAGS_IF | RFLAGS_DF | RFLAGS_TF | RFLAGS_NT | RFLAGS_AC);
	if (x86_cpuid(0, 0).eax >= 7 && (x86_cpuid(7, 0).ebx & CPUID_7_EBX_FSGSBASE))
		cr4 |= CR4_FSGSBASE;
	x86_write_cr4(cr4);
	fpu_init_cpu();
}

void arch_cpu_init(struct arch_percpu *percpu)
{
	idt_fill();
	cpu_init_with(percpu, &boot_tables);
}

static bool has_tsc_aux(void)
{
	return x86_cpuid(0x80000001, 0).edx & CPUID_EXT_EDX_RDTSCP ||
	       (x86_cpuid(0, 0).eax >= 7 && x86_cpuid(7, 0).ecx & CPUID_7_ECX_RDPID);
}

void arch_cpu_set_node(unsigned node)
{
	struct arch_percpu *percpu = arch_percpu_this();

	percpu->place = node << ARCH_PLACE_NODE_SHIFT | percpu->index;
	if (has_tsc_aux())
		x86_wrmsr(MSR_TSC_AUX, percpu->place);
}

bool arch_random64(uint64_t *out)
{
	bool has_seed = x86_cpuid(0, 0).eax >= 7 && (x86_cpuid(7, 0).ebx & CPUID_7_EBX_RDSEED);
	bool has_rand = x86_cpuid(1, 0).ecx & CPUID_1_ECX_RDRAND;
	uint8_t ok = 0;

	for (int i = 0; has_seed && !ok && i < 16; i++)
		__asm__ volatile("rdseed %0; setc %1" : "=r"(*out), "=qm"(ok));
	for (int i = 0; has_rand && !ok && i < 16; i++)
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok));
	return ok;
}

uint64_t arch_hwcap(void)
{
	return x86_cpuid(1, 0).edx;
}

#define HWCAP2_FSGSBASE 2u /* asm/hwcap2.h */

uint64_t arch_hwcap2(void)
{
	return x86_read_cr4() & CR4_FSGSBASE ? HWCAP2_FSGSBASE : 0;
}

void arch_cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}
