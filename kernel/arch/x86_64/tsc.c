/* SPDX-License-Identifier: BSD-3-Clause */
/* The rate of the time stamp counter, for machines where the host does not tell it. */
#include <arch/cpu.h>
#include <arch/io.h>

#include "cpu.h"
#include "symbols.h"
#include "x86.h"

/* 8254 interval timer */
#define PIT_HZ		 1193182ull
#define PIT_CHANNEL2	 0x42
#define PIT_COMMAND	 0x43
#define PIT_GATE	 0x61
#define PIT_GATE_ON	 0x01
#define PIT_GATE_SPEAKER 0x02
#define PIT_GATE_OUT	 0x20
#define PIT_ONE_SHOT	 0xb0	 /* channel 2, both bytes, mode 0 */
#define PIT_MEASURE	 5966ull /* 5 ms */
#define PIT_POLLS_MAX	 10000000u

uint64_t arch_boot_tsc(void)
{
	return boot_entry_tsc;
}

uint64_t arch_tsc_hz(void)
{
	struct cpuid r;

	if (x86_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) {
		/* VMware's timing leaf, which QEMU and KVM offer as well: kHz */
		if (x86_cpuid(0x40000000, 0).eax >= 0x40000010)
			return (uint64_t)x86_cpuid(0x40000010, 0).eax * 1000;
		return 0;
	}
	if (x86_cpuid(0, 0).eax < 0x15)
		return 0;
	r = x86_cpuid(0x15, 0);
	return r.eax && r.ebx ? (uint64_t)r.ecx * r.ebx / r.eax : 0;
}

uint64_t arch_tsc_measure(void)
{
	uint8_t gate = arch_io_in8(PIT_GATE) & (uint8_t) ~(PIT_GATE_ON | PIT_GATE_SPEAKER);
	unsigned polls = 0;
	uint64_t start;

	arch_io_out8(PIT_GATE, gate | PIT_GATE_ON);
	arch_io_out8(PIT_COMMAND, PIT_ONE_SHOT);
	arch_io_out8(PIT_CHANNEL2, PIT_MEASURE & 0xff);
	arch_io_out8(PIT_CHANNEL2, PIT_MEASURE >> 8);
	start = arch_cycles();
	while (!(arch_io_in8(PIT_GATE) & PIT_GATE_OUT) && ++polls < PIT_POLLS_MAX)
		arch_cpu_relax();
	return polls < 2 || polls == PIT_POLLS_MAX ? 0
						   : (arch_cycles() - start) * PIT_HZ / PIT_MEASURE;
}
