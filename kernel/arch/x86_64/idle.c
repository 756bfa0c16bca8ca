/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting. In spin loops: PAUSE. In QEMU's emulation PAUSE ends the turn of the virtual CPU: if all
 * take turns that is what lets the others run, but if each has a thread of its own, the way there
 * leads through QEMU's one global lock, and a loop of PAUSEs starves the others, who need it to
 * write to their interrupt controllers. So only one of many is executed.
 *
 * For an interrupt: MWAIT (Intel SDM vol. 3, 9.10), which lets the processor sleep deeper
 * and wake faster, or HLT. An interrupt that came before the wait ends it at once (idle_halt in
 * entry.S). Virtual machines mostly get no MWAIT, as it would keep the host's CPU; QEMU's own
 * processor has one that does not wait at all.
 */
#include <arch/cpu.h>
#include <arch/mmu.h>

#include "cpu.h"
#include "x86.h"

#define EMULATED_CALLS_PER_PAUSE 256u

/* Set on the boot CPU before the others start. */
static bool use_mwait, emulated;

bool cpu_emulated(void)
{
	/* Leaf 0x40000000: "TCGTCGTCGTCG" */
	return x86_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR &&
	       x86_cpuid(0x40000000, 0).ebx == 0x54474354;
}

bool arch_cpu_idle_choose(bool mwait)
{
	if (mwait && !(x86_cpuid(1, 0).ecx & CPUID_1_ECX_MONITOR))
		return false;
	use_mwait = mwait;
	return true;
}

void idle_init(void)
{
	emulated = cpu_emulated();
	if (!emulated)
		(void)arch_cpu_idle_choose(true);
}

void arch_cpu_relax(void)
{
	if (!emulated || ++arch_percpu_this()->relaxed % EMULATED_CALLS_PER_PAUSE == 0)
		__asm__ volatile("pause" ::: "memory");
}

void arch_cpu_idle(void)
{
	arch_tlb_rest();
	if (use_mwait)
		idle_mwait(arch_percpu_this()); /* nobody writes there */
	else
		idle_halt();
	/* Only an interrupt ends HLT, and has resumed. */
	if (arch_percpu_this()->tlb_resting) {
		arch_irq_disable();
		arch_tlb_resume();
		arch_irq_enable();
	}
}
