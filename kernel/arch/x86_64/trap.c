/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens at a vector: interrupts go to core, page faults to mm, other exceptions of the
 * application become signals (the numbers and codes are those of Linux), exceptions of the kernel
 * end the machine, unless the faulting instruction has an entry in the fixup table (access to the
 * application's memory).
 */
#include <arch/trap.h>

#include <arch/context.h>
#include <arch/cpu.h>
#include <arch/percpu.h>
#include <arch/user.h>
#include <asm-generic/siginfo.h>
#include <asm/errno.h>
#include <asm/signal.h>
#include <lib/assert.h>

#include "asm.h"
#include "cpu.h"
#include "regs.h"
#include "symbols.h"
#include "x86.h"

_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "asm.h");
_Static_assert(offsetof(struct trap_frame, r10) == FRAME_R10, "asm.h");
_Static_assert(offsetof(struct trap_frame, r9) == FRAME_R9, "asm.h");
_Static_assert(offsetof(struct trap_frame, r8) == FRAME_R8, "asm.h");
_Static_assert(offsetof(struct trap_frame, rax) == FRAME_RAX, "asm.h");
_Static_assert(offsetof(struct trap_frame, rdx) == FRAME_RDX, "asm.h");
_Static_assert(offsetof(struct trap_frame, rsi) == FRAME_RSI, "asm.h");
_Static_assert(offsetof(struct trap_frame, rdi) == FRAME_RDI, "asm.h");
_Static_assert(offsetof(struct trap_frame, vector) == FRAME_VECTOR, "asm.h");
_Static_assert(offsetof(struct trap_frame, rip) == FRAME_RIP, "asm.h");
_Static_assert(offsetof(struct trap_frame, rflags) == FRAME_RFLAGS, "asm.h");
_Static_assert(offsetof(struct trap_frame, rsp) == FRAME_RSP, "asm.h");

#define EXCEPTION_COUNT 32u

/* Page fault error code, SDM vol. 3, 4.7 */
#define PF_WRITE   2u
#define PF_FETCH   16u
#define PF_PRESENT 1u

void trap_dispatch(struct trap_frame *frame);

bool arch_trap_from_app(const struct trap_frame *frame)
{
	return (int64_t)frame->rsp >= 0;
}

void arch_trap_frame_init(struct trap_frame *frame, uintptr_t entry, uintptr_t stack_pointer)
{
	*frame = (struct trap_frame){
		.rip = entry,
		.cs = SEL_CODE,
		.rflags = RFLAGS_RESERVED | RFLAGS_IF,
		.rsp = stack_pointer,
		.ss = SEL_DATA,
	};
}

struct trap_frame *arch_trap_syscall_frame(void)
{
	return (struct trap_frame *)(arch_percpu_this()->kernel_stack_top - FRAME_SIZE);
}

static bool fixup_apply(struct trap_frame *frame)
{
	for (const struct fixup *f = kernel_fixup_start; f < kernel_fixup_end; f++) {
		if (f->from == frame->rip) {
			frame->rip = f->to;
			return true;
		}
	}
	return false;
}

static void page_fault_failed(struct trap_frame *frame, uintptr_t address, int error)
{
	if (!arch_trap_from_app(frame)) {
		if (fixup_apply(frame))
			return;
		arch_trap_kernel_fault(frame, address);
	}
	if (error == -EIO || error == -ENOMEM)
		signal_fault(frame, SIGBUS, BUS_ADRERR, address);
	else
		signal_fault(frame, SIGSEGV, error == -EACCES ? SEGV_ACCERR : SEGV_MAPERR, address);
}

static void page_fault(struct trap_frame *frame)
{
	uintptr_t address = x86_read_cr2();
	unsigned access = (frame->error & PF_WRITE ? ARCH_FAULT_WRITE : 0) |
			  (frame->error & PF_FETCH ? ARCH_FAULT_EXEC : 0);
	int error = -EFAULT;

	/* With interrupts off (a spinlock is held) only the fixup may answer. */
	if (frame->rflags & RFLAGS_IF) {
		arch_irq_enable();
		if (address >= ARCH_USER_START && address < ARCH_USER_END)
			error = vm_fault(address, access);
		else if (frame->error & PF_PRESENT)
			error = -EACCES;
	}
	if (error)
		page_fault_failed(frame, address, error);
}

/* The siginfo code for unmasked exception flags, which MXCSR and the x87 status word number alike.
 */
static int float_code(uint32_t raised)
{
	if (raised & 1)
		return FPE_FLTINV;
	if (raised & 4)
		return FPE_FLTDIV;
	if (raised & 8)
		return FPE_FLTOVF;
	if (raised & 0x12)
		return FPE_FLTUND;
	return FPE_FLTRES;
}

static int simd_code(void)
{
	uint32_t mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return float_code(mxcsr & ~(mxcsr >> 7));
}

static int x87_code(void)
{
	uint16_t control, status;

	__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=am"(status));
	return float_code(status & (uint16_t)~control);
}

static void exception_in_app(struct trap_frame *frame)
{
	switch (frame->vector) {
	case 0:
		signal_fault(frame, SIGFPE, FPE_INTDIV, frame->rip);
		break;
	case 1:
		signal_fault(frame, SIGTRAP, TRAP_TRACE, frame->rip);
		break;
	case 3:
		signal_fault(frame, SIGTRAP, SI_KERNEL, 0);
		break;
	case 6:
		signal_fault(frame, SIGILL, ILL_ILLOPN, frame->rip);
		break;
	case 11:
	case 12:
		signal_fault(frame, SIGBUS, SI_KERNEL, 0);
		break;
	case 16:
		signal_fault(frame, SIGFPE, x87_code(), frame->rip);
		break;
	case 17:
		signal_fault(frame, SIGBUS, BUS_ADRALN, 0);
		break;
	case 19:
		signal_fault(frame, SIGFPE, simd_code(), frame->rip);
		break;
	default:
		signal_fault(frame, SIGSEGV, SI_KERNEL, 0);
	}
}

static void exception(struct trap_frame *frame)
{
	bool fatal = frame->vector == 2 || frame->vector == 8 || frame->vector == 18;

	if (!arch_trap_from_app(frame) || fatal) {
		if (!fatal && fixup_apply(frame))
			return;
		arch_trap_kernel_fault(frame, 0);
	}
	arch_irq_enable();
	exception_in_app(frame);
}

/* An interrupt between STI and the wait: see idle_halt in entry.S. */
static void leave_wait(struct trap_frame *frame)
{
	if (frame->rip == (uintptr_t)idle_waits_halt || frame->rip == (uintptr_t)idle_waits_mwait)
		frame->rip = (uintptr_t)idle_done;
}

/* A machine that interrupts with interrupts off breaks every lock: it is told apart from faults of
 * the kernel. */
static void interrupt(struct trap_frame *frame)
{
	ASSERT(frame->rflags & RFLAGS_IF);
	leave_wait(frame);
	irq_dispatch((unsigned)frame->vector);
}

/* From trap_entry: the frame is on the task's kernel stack, interrupts are off. */
void trap_dispatch(struct trap_frame *frame)
{
	if (frame->vector >= EXCEPTION_COUNT)
		interrupt(frame);
	else if (frame->vector == ARCH_VECTOR_PAGE_FAULT)
		page_fault(frame);
	else
		exception(frame);
}
