/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this folder share about a CPU. */
#ifndef X86_64_CPU_H
#define X86_64_CPU_H

#include <arch/percpu.h>
#include <lib/types.h>

/* CPUID bits (Intel SDM vol. 2, CPUID). */
#define CPUID_1_ECX_MONITOR	 (1u << 3)
#define CPUID_1_ECX_X2APIC	 (1u << 21)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_ECX_XSAVE	 (1u << 26)
#define CPUID_1_ECX_RDRAND	 (1u << 30)
#define CPUID_1_ECX_HYPERVISOR	 (1u << 31)
#define CPUID_7_EBX_FSGSBASE	 (1u << 0)
#define CPUID_7_EBX_RDSEED	 (1u << 18)
#define CPUID_7_ECX_RDPID	 (1u << 22)
#define CPUID_D1_EAX_XSAVEOPT	 (1u << 0)
#define CPUID_EXT_EDX_RDTSCP	 (1u << 27)

/* Task state segment, 64-bit (SDM vol. 3, 7.7): only the interrupt stacks are used. */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct cpu_tables {
	uint64_t gdt[5];
	struct tss tss;
	_Alignas(16) uint8_t stacks[4][4096]; /* IST_TRAP, IST_NMI, IST_DOUBLE_FAULT, IST_MACHINE */
};

/* Sets the executing CPU up with TABLES. */
void cpu_init_with(struct arch_percpu *percpu, struct cpu_tables *tables);

/* The executing CPU takes part in flushes from now on. */
void tlb_join(void);

/* Is the processor QEMU's own, without KVM? */
bool cpu_emulated(void);

/* Chooses how CPUs wait. */
void idle_init(void);

/* entry.S: turn interrupts on and wait for one by HLT, or by MWAIT, which a write to what is
 * MONITORED would end as well. */
void idle_halt(void);
void idle_mwait(const void *monitored);

/* Vector unit of the executing CPU. */
void fpu_init_cpu(void);

/* The smallest power of 2 that is not below VALUE, as its exponent. */
static inline unsigned cpu_ceil_log2(unsigned value)
{
	unsigned shift = 0;

	while (1u << shift < value)
		shift++;
	return shift;
}

#endif /* X86_64_CPU_H */
