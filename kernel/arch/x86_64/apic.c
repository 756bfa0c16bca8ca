/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local APIC (interrupts and timer of a CPU; SDM vol. 3, chapter 11) and I/O APIC (interrupt lines;
 * 82093AA data sheet). xAPIC through memory, x2APIC through MSRs when the machine was started so.
 */
#include <arch/cpu.h>
#include <arch/io.h>
#include <arch/muldiv.h>
#include <arch/percpu.h>
#include <arch/smp.h>
#include <arch/timer.h>
#include <arch/trap.h>
#include <asm/errno.h>
#include <lib/assert.h>

#include "apic.h"
#include "cpu.h"
#include "regs.h"
#include "x86.h"

/* Register offsets (xAPIC); the x2APIC MSR is 0x800 + offset / 16. */
#define APIC_ID		     0x20
#define APIC_TPR	     0x80
#define APIC_EOI	     0xb0
#define APIC_SPURIOUS	     0xf0
#define APIC_ICR_LOW	     0x300
#define APIC_ICR_HIGH	     0x310
#define APIC_LVT_TIMER	     0x320
#define APIC_LVT_LINT0	     0x350
#define APIC_LVT_LINT1	     0x360
#define APIC_LVT_ERROR	     0x370
#define APIC_INITIAL_COUNT   0x380
#define APIC_CURRENT_COUNT   0x390
#define APIC_DIVIDE	     0x3e0

#define APIC_SPURIOUS_ENABLE 0x100
#define APIC_LVT_MASKED	     0x10000
#define APIC_LVT_NMI	     0x400
#define APIC_TIMER_DEADLINE  0x40000
#define APIC_DIVIDE_16	     0x3
#define APIC_TIMER_DIVISOR   16u

#define IOAPIC_DEFAULT_BASE  0xfec00000ull
#define IOAPIC_SELECT	     0x0
#define IOAPIC_WINDOW	     0x10
#define IOAPIC_REG_VERSION   1
#define IOAPIC_REG_REDIRECT  0x10
#define IOAPIC_LEVEL	     0x8000
#define IOAPIC_ACTIVE_LOW    0x2000

/* Longer waits are armed in parts: keeps products inside 128 / 64 bits. */
#define TIMER_NS_MAX (3600 * NS_PER_SEC)

/* QEMU and KVM run the timer at 1 GHz whatever the machine. */
#define HYPERVISOR_APIC_HZ 1000000000ull

/* Fixed after arch_apic_init on the boot CPU. */
static struct {
	uintptr_t base; /* 0: x2APIC */
	uintptr_t ioapic;
	uint64_t timer_hz;   /* counts per second, after the divider; 0: TSC deadline */
	uint64_t tsc_per_ns; /* 32.32 fixed point, for the TSC deadline */
} apic;

/* APIC id of each CPU number. Written by the CPU itself before others know its number. */
static uint32_t apic_ids[ARCH_CPU_MAX];

static uint32_t apic_read(uint32_t reg)
{
	if (apic.base)
		return arch_mmio_read32(apic.base + reg);
	return (uint32_t)x86_rdmsr(MSR_X2APIC + reg / 16);
}

static void apic_write(uint32_t reg, uint32_t value)
{
	if (apic.base)
		arch_mmio_write32(apic.base + reg, value);
	else
		x86_wrmsr(MSR_X2APIC + reg / 16, value);
}

void arch_irq_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void arch_timer_arm(uint64_t delta_ns)
{
	uint64_t count;

	if (!apic.timer_hz) {
		x86_wrmsr(
			MSR_TSC_DEADLINE,
			arch_cycles() +
				(uint64_t)(((unsigned __int128)delta_ns * apic.tsc_per_ns) >> 32));
		return;
	}
	/* A deadline too far for the counter fires early; the timer code then arms the rest. */
	delta_ns = MIN(delta_ns, TIMER_NS_MAX);
	count = arch_muldiv(delta_ns, apic.timer_hz, NS_PER_SEC);
	apic_write(APIC_INITIAL_COUNT, (uint32_t)MIN(MAX(count, 1ull), 0xffffffffull));
}

void arch_timer_stop(void)
{
	if (apic.timer_hz)
		apic_write(APIC_INITIAL_COUNT, 0);
	else
		x86_wrmsr(MSR_TSC_DEADLINE, 0);
}

/* Bus clock by CPUID leaf 0x15 (crystal), 0: it does not say. */
static uint64_t timer_hz_by_cpuid(void)
{
	if (x86_cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR)
		return HYPERVISOR_APIC_HZ;
	return x86_cpuid(0, 0).eax >= 0x15 ? x86_cpuid(0x15, 0).ecx : 0;
}

static void timer_init(uint64_t apic_timer_hz)
{
	uint64_t hz = apic_timer_hz ? apic_timer_hz : timer_hz_by_cpuid();
	bool deadline = (x86_cpuid(1, 0).ecx & CPUID_1_ECX_TSC_DEADLINE) && arch_tsc_hz();

	if (deadline)
		apic.tsc_per_ns = arch_muldiv(arch_tsc_hz(), 1ull << 32, NS_PER_SEC);
	else
		apic.timer_hz = (hz ? hz : HYPERVISOR_APIC_HZ) / APIC_TIMER_DIVISOR;
}

/* The executing CPU's part. */
static void local_init(void)
{
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	apic_write(APIC_LVT_LINT1, APIC_LVT_NMI);
	apic_write(APIC_LVT_ERROR, APIC_LVT_MASKED);
	apic_write(APIC_SPURIOUS, APIC_SPURIOUS_ENABLE | ARCH_VECTOR_SPURIOUS);
	if (!apic.timer_hz) {
		apic_write(APIC_LVT_TIMER, APIC_TIMER_DEADLINE | ARCH_VECTOR_TIMER);
		return;
	}
	apic_write(APIC_DIVIDE, APIC_DIVIDE_16);
	apic_write(APIC_LVT_TIMER, ARCH_VECTOR_TIMER); /* one-shot */
}

/* The old interrupt controllers are not used: all their lines off. */
static void pic_mask(void)
{
	arch_io_out8(0x21, 0xff);
	arch_io_out8(0xa1, 0xff);
}

void arch_apic_init(uint64_t apic_timer_hz)
{
	uint64_t base = x86_rdmsr(MSR_APIC_BASE);

	pic_mask();
	if (!(base & APIC_BASE_X2APIC)) {
		x86_wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
		apic.base = arch_mmio_map(base & ~0xfffull, PAGE_SIZE);
	}
	apic.ioapic = arch_mmio_map(IOAPIC_DEFAULT_BASE, PAGE_SIZE);
	timer_init(apic_timer_hz);
	local_init();
	apic_remember_id();
	idle_init();
}

void apic_init_cpu(void)
{
	uint64_t base = x86_rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	x86_wrmsr(MSR_APIC_BASE, base);
	if (!apic.base) /* all CPUs are in the mode of the boot CPU */
		x86_wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	local_init();
}

void apic_remember_id(void)
{
	apic_ids[arch_percpu_this()->index] = arch_cpu_apic_id();
}

uint32_t arch_cpu_apic_id_of(unsigned cpu)
{
	return apic_ids[cpu];
}

static uint32_t ioapic_read(uint32_t reg)
{
	arch_mmio_write32(apic.ioapic + IOAPIC_SELECT, reg);
	return arch_mmio_read32(apic.ioapic + IOAPIC_WINDOW);
}

static void ioapic_write(uint32_t reg, uint32_t value)
{
	arch_mmio_write32(apic.ioapic + IOAPIC_SELECT, reg);
	arch_mmio_write32(apic.ioapic + IOAPIC_WINDOW, value);
}

uint32_t arch_cpu_apic_id(void)
{
	return apic.base ? apic_read(APIC_ID) >> 24 : apic_read(APIC_ID);
}

int arch_irq_route(unsigned gsi, unsigned vector, bool level, bool active_low)
{
	unsigned pins = (ioapic_read(IOAPIC_REG_VERSION) >> 16 & 0xff) + 1;
	uint32_t id = arch_cpu_apic_id();

	if (gsi >= pins)
		return -ENODEV;
	ASSERT(vector >= ARCH_VECTOR_IRQ_BASE && vector < ARCH_VECTOR_TIMER);
	ioapic_write(IOAPIC_REG_REDIRECT + 2 * gsi + 1, id << 24);
	ioapic_write(IOAPIC_REG_REDIRECT + 2 * gsi,
		     vector | (level ? IOAPIC_LEVEL : 0) | (active_low ? IOAPIC_ACTIVE_LOW : 0));
	return 0;
}

#define ICR_PENDING 0x1000u
#define ICR_OTHERS  0xc0000u /* shorthand: all but the executing CPU */

void apic_send(uint32_t apic_id, uint32_t command)
{
	arch_irq_state_t state;

	if (!apic.base) {
		/* Writes of this register are not ordered with earlier stores (SDM vol.
		 * 3, 10.12.3). */
		arch_mb();
		x86_wrmsr(MSR_X2APIC + APIC_ICR_LOW / 16, (uint64_t)apic_id << 32 | command);
		return;
	}
	state = arch_irq_save(); /* two registers: no handler in between that sends */
	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		arch_cpu_relax();
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR_LOW, command);
	arch_irq_restore(state);
}

void apic_send_others(uint32_t command)
{
	apic_send(0, ICR_OTHERS | command);
}

void apic_send_cpu(unsigned cpu, uint32_t command)
{
	apic_send(apic_ids[cpu], command);
}

void arch_cpu_kick(unsigned cpu)
{
	apic_send_cpu(cpu, APIC_SEND_FIXED | ARCH_VECTOR_RESCHED);
}

void arch_cpu_wake(unsigned cpu)
{
	apic_send_cpu(cpu, APIC_SEND_FIXED | ARCH_VECTOR_WAKE);
}

void arch_smp_halt_others(void)
{
	/* Gets through where interrupts are off. Its handler is the end of the kernel (trap.c), and
	 * all but the first CPU to come to the end halt. */
	if (apic.base || apic.ioapic)
		apic_send_others(APIC_SEND_NMI);
}
