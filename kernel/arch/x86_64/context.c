/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Task contexts: kernel stack, thread pointer, vector state.
 *
 * The kernel itself uses no vector registers, so they belong to the application's task that ran
 * last on the CPU. They are saved whenever such a task is switched away, and loaded when another
 * one's state is in the registers: a task that slept while only kernel tasks ran finds its state
 * untouched.
 */
#include <arch/context.h>

#include <arch/percpu.h>
#include <lib/assert.h>

#include "asm.h"
#include "cpu.h"
#include "regs.h"
#include "x86.h"

void context_switch_stack(uint64_t *save_rsp, uint64_t next_rsp);
void context_start(void);
long fpu_try_xrstor(const void *area, uint32_t mask_low, uint32_t mask_high);
long fpu_try_fxrstor(const void *area);

#define FXSAVE_SIZE   512u
#define FXSAVE_FCW    0u /* offsets, SDM vol. 1, 10.5.1 */
#define FXSAVE_MXCSR  24u
#define FCW_DEFAULT   0x37fu
#define MXCSR_DEFAULT 0x1f80u

/* XCR0: x87, SSE, AVX, AVX-512 (opmask, upper halves, upper registers); SDM vol. 1, 13.1 */
#define XCR0_SUPPORTED 0xe7u

/* Fixed after the boot CPU's fpu_init_cpu. */
static struct {
	size_t size;
	uint64_t mask; /* XCR0; 0: FXSAVE only */
	bool optimised;
	bool fsgsbase;
} features;

void fpu_init_cpu(void)
{
	features.fsgsbase = x86_read_cr4() & CR4_FSGSBASE;
	if (!(x86_cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE)) {
		features.size = FXSAVE_SIZE;
		return;
	}
	x86_write_cr4(x86_read_cr4() | CR4_OSXSAVE);
	features.mask = x86_cpuid(0xd, 0).eax & XCR0_SUPPORTED;
	x86_xsetbv(0, features.mask);
	features.size = x86_cpuid(0xd, 0).ebx;
	features.optimised = x86_cpuid(0xd, 1).eax & CPUID_D1_EAX_XSAVEOPT;
}

size_t arch_fpu_size(void)
{
	return features.size;
}

uint64_t arch_fpu_features(void)
{
	return features.mask;
}

void arch_fpu_init_area(void *area)
{
	uint8_t *bytes = area;

	for (size_t i = 0; i < features.size; i++)
		bytes[i] = 0;
	*(uint16_t *)(void *)(bytes + FXSAVE_FCW) = FCW_DEFAULT;
	*(uint32_t *)(void *)(bytes + FXSAVE_MXCSR) = MXCSR_DEFAULT;
}

static void fpu_store(void *area)
{
	uint32_t low = (uint32_t)features.mask, high = (uint32_t)(features.mask >> 32);

	if (features.optimised)
		__asm__ volatile("xsaveopt64 (%0)" ::"r"(area), "a"(low), "d"(high) : "memory");
	else if (features.mask)
		__asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(low), "d"(high) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
}

static long fpu_load(const void *area)
{
	if (features.mask)
		return fpu_try_xrstor(area, (uint32_t)features.mask,
				      (uint32_t)(features.mask >> 32));
	return fpu_try_fxrstor(area);
}

void arch_fpu_save(struct arch_context *context)
{
	ASSERT(context->fpu);
	fpu_store(context->fpu);
}

void arch_fpu_reload(struct arch_context *context)
{
	ASSERT(context->fpu);
	if (fpu_load(context->fpu)) {
		arch_fpu_init_area(context->fpu);
		ASSERT(!fpu_load(context->fpu));
	}
}

static uint64_t read_fs_base(void)
{
	uint64_t base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static void write_fs_base(uint64_t base)
{
	if (features.fsgsbase)
		__asm__ volatile("wrfsbase %0" ::"r"(base) : "memory");
	else
		x86_wrmsr(MSR_FS_BASE, base);
}

void arch_context_set_fs_base(struct arch_context *context, uint64_t base)
{
	context->fs_base = base;
	write_fs_base(base);
}

uint64_t arch_context_fs_base(const struct arch_context *context)
{
	return features.fsgsbase ? read_fs_base() : context->fs_base;
}

void arch_context_init(struct arch_context *context, uint64_t stack_top, void (*entry)(void *),
		       void *arg)
{
	uint64_t *stack = (uint64_t *)stack_top;

	ASSERT(IS_ALIGNED(stack_top, 16));
	*--stack = (uintptr_t)context_start;
	*--stack = 0;		     /* rbp: end of the call chain */
	*--stack = 0;		     /* rbx */
	*--stack = (uintptr_t)entry; /* r12 */
	*--stack = (uintptr_t)arg;   /* r13 */
	*--stack = 0;		     /* r14 */
	*--stack = 0;		     /* r15 */
	context->rsp = (uintptr_t)stack;
	context->fpu_cpu = ARCH_FPU_NOWHERE;
}

void arch_context_switch(struct arch_context *prev, struct arch_context *next, uint64_t stack_top)
{
	struct arch_percpu *percpu = arch_percpu_this();

	if (prev->fpu)
		fpu_store(prev->fpu);
	if (features.fsgsbase)
		prev->fs_base = read_fs_base();
	if (next->fpu && !(percpu->fpu_owner == next && next->fpu_cpu == percpu->index)) {
		ASSERT(!fpu_load(next->fpu));
		percpu->fpu_owner = next;
		next->fpu_cpu = percpu->index;
	}
	if (next->fs_base != prev->fs_base)
		write_fs_base(next->fs_base);
	percpu->kernel_stack_top = stack_top;
	context_switch_stack(&prev->rsp, next->rsp);
}
