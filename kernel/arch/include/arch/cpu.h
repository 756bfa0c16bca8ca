/* SPDX-License-Identifier: BSD-3-Clause */
/* Interrupt flag, waiting and the cycle counter of the executing CPU. Any context. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <arch/percpu.h>
#include <lib/compiler.h>
#include <lib/types.h>

#define ARCH_RFLAGS_IF 0x200ul

typedef uint64_t arch_irq_state_t;

/* Turns interrupts off; returns the state to restore. */
static always_inline arch_irq_state_t arch_irq_save(void)
{
	arch_irq_state_t state;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(state)::"memory");
	return state;
}

static always_inline void arch_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static always_inline void arch_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static always_inline void arch_irq_restore(arch_irq_state_t state)
{
	if (state & ARCH_RFLAGS_IF)
		arch_irq_enable();
	else
		barrier();
}

static always_inline bool arch_irq_enabled(void)
{
	arch_irq_state_t state;

	__asm__ volatile("pushfq; popq %0" : "=r"(state)::"memory");
	return state & ARCH_RFLAGS_IF;
}

/* A pause inside a spin loop. */
void arch_cpu_relax(void);

/*
 * Waits for the next interrupt. Called with interrupts off, after the caller has found nothing to
 * do; enables them and waits in one indivisible step (no lost wake-up), returns with interrupts on.
 * Flushes of the application's half that happen meanwhile are made up for at the end
 * (arch_tlb_rest).
 */
void arch_cpu_idle(void);

/* How arch_cpu_idle waits: with MWAIT (false where the processor has none) or HLT. Without a call:
 * MWAIT where the processor has a real one. Boot CPU, before the others start. */
bool arch_cpu_idle_choose(bool mwait);

/* Time stamp counter. Not ordered with other instructions. */
static always_inline uint64_t arch_cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Stops the executing CPU for good. */
noreturn void arch_cpu_halt(void);

/* Leaves the machine (power off, reset); for use where no host channel exists. */
noreturn void arch_machine_off(int status);

/* Sends the reschedule interrupt to CPU number CPU, which is online: it looks at its work and run
 * queue. */
void arch_cpu_kick(unsigned cpu);

/* Interrupts CPU number CPU, which is online, so that it leaves arch_cpu_idle. */
void arch_cpu_wake(unsigned cpu);

/* Descriptor tables, system call entry and vector unit of the executing CPU. The boot CPU calls it
 * before anything else, with its percpu installed. */
void arch_cpu_init(struct arch_percpu *percpu);

/* The local interrupt controller and timer of the executing CPU. APIC_TIMER_HZ: 0 = find out. After
 * the memory management. */
void arch_apic_init(uint64_t apic_timer_hz);

/* APIC id of the executing CPU. After arch_apic_init. */
uint32_t arch_cpu_apic_id(void);

/* That of CPU, a number below cpu_count(). */
uint32_t arch_cpu_apic_id_of(unsigned cpu);

/* The executing CPU belongs to NUMA node NODE: for struct arch_percpu, RDTSCP, RDPID and the vDSO.
 */
void arch_cpu_set_node(unsigned node);

/* End of interrupt. */
void arch_irq_eoi(void);

/* Routes interrupt line GSI to VECTOR on the executing CPU and unmasks it. 0 or -ENODEV. */
must_check int arch_irq_route(unsigned gsi, unsigned vector, bool level, bool active_low);

/* Rate of the TSC by CPUID (leaves 0x15, 0x40000010), 0: it does not say. */
uint64_t arch_tsc_hz(void);

/* Measures the TSC against the PIT, which takes some milliseconds: for machines where nobody says.
 */
uint64_t arch_tsc_measure(void);

/* TSC at the kernel's first instruction. */
uint64_t arch_boot_tsc(void);

/* Bits for the auxiliary vector: AT_HWCAP (CPUID leaf 1 EDX) and AT_HWCAP2. */
uint64_t arch_hwcap(void);
uint64_t arch_hwcap2(void);

/* 64 bits from RDSEED or RDRAND; false where the CPU has neither or they fail. */
bool arch_random64(uint64_t *out);

#endif /* ARCH_CPU_H */
