/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signal frames in the layout of Linux on x86-64 (arch/x86/include/asm/sigframe.h): below the red
 * zone or at the top of the alternate stack, from high to low addresses: vector state (64-byte
 * aligned, XSAVE format with Linux's magic numbers, or FXSAVE format), then struct rt_sigframe,
 * whose first word is the return address, at 16 n + 8 as behind a call.
 *
 * The application's frame is hostile when it comes back: the vector state is checked by the fixup
 * in the load and by its header here, flags are masked, segments are not taken over.
 */
#include <arch/signal.h>
#include <arch/user.h>
#include <asm/errno.h>
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/types.h>

#include "regs.h"
#include "x86.h"

#define RED_ZONE	 128u
#define UC_FP_XSTATE	 1u
#define UC_SIGCONTEXT_SS 2u
#define UC_STRICT_SS	 4u

#define FXSAVE_SIZE	 512u
#define FXSAVE_SW_OFFSET 464u
#define XSAVE_HEADER	 512u
#define XSAVE_HEADER_END 576u
#define FXSAVE_MXCSR	 24u
#define MXCSR_VALID	 0xffffu

/* Flags that a handler may change: AC OF DF TF SF ZF AF PF CF RF. */
#define FLAGS_CHANGEABLE  0x50dd5ul
#define FLAG_DIRECTION	  0x400ul
#define FLAG_TRAP	  0x100ul
#define FLAG_RESUME	  0x10000ul

#define SS_AUTODISARM_BIT (1 << 31)

struct user_context {
	uint64_t flags, link;
	struct signal_altstack stack;
	struct sigcontext registers;
	uint64_t mask;
};

struct rt_sigframe {
	uint64_t restorer;
	struct user_context context;
	struct signal_info info;
};

_Static_assert(sizeof(struct sigcontext) == 256, "struct sigcontext_64");
_Static_assert(offsetof(struct rt_sigframe, info) == 312, "struct rt_sigframe");
_Static_assert(sizeof(struct _fpx_sw_bytes) == 48, "struct _fpx_sw_bytes");

static bool has_xsave(void)
{
	return arch_fpu_features() != 0;
}

/* Bytes of the vector state on the stack, with Linux's closing magic number. */
static size_t fpu_frame_size(void)
{
	return arch_fpu_size() + (has_xsave() ? FP_XSTATE_MAGIC2_SIZE : 0);
}

size_t arch_signal_min_stack(void)
{
	return sizeof(struct rt_sigframe) + fpu_frame_size() + 64 + 16;
}

bool arch_signal_on_altstack(uint64_t stack_pointer, const struct signal_altstack *altstack)
{
	if (altstack->flags & SS_AUTODISARM_BIT)
		return false;
	return stack_pointer > altstack->base && stack_pointer - altstack->base <= altstack->size;
}

static int push_fpu(uint64_t address, struct arch_context *context)
{
	static const uint32_t magic2 = FP_XSTATE_MAGIC2;
	size_t size = arch_fpu_size();
	struct _fpx_sw_bytes bytes = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (uint32_t)(size + FP_XSTATE_MAGIC2_SIZE),
		.xfeatures = arch_fpu_features(),
		.xstate_size = (uint32_t)size,
	};

	arch_fpu_save(context);
	if (arch_user_write(address, context->fpu, size))
		return -EFAULT;
	if (!has_xsave())
		return 0;
	if (arch_user_write(address + FXSAVE_SW_OFFSET, &bytes, sizeof(bytes)))
		return -EFAULT;
	return arch_user_write(address + size, &magic2, sizeof(magic2));
}

static void save_registers(struct sigcontext *to, const struct trap_frame *frame,
			   const struct arch_signal *signal, uint64_t fpstate)
{
	*to = (struct sigcontext){
		.r8 = frame->r8,
		.r9 = frame->r9,
		.r10 = frame->r10,
		.r11 = frame->r11,
		.r12 = frame->r12,
		.r13 = frame->r13,
		.r14 = frame->r14,
		.r15 = frame->r15,
		.rdi = frame->rdi,
		.rsi = frame->rsi,
		.rbp = frame->rbp,
		.rbx = frame->rbx,
		.rdx = frame->rdx,
		.rax = frame->rax,
		.rcx = frame->rcx,
		.rsp = frame->rsp,
		.rip = frame->rip,
		.eflags = frame->rflags,
		.cs = (uint16_t)frame->cs,
		.ss = (uint16_t)frame->ss,
		.err = signal->fault->error,
		.trapno = signal->fault->vector,
		.oldmask = signal->blocked,
		.cr2 = signal->fault->address,
		.fpstate = (struct _fpstate *)fpstate,
	};
}

/* Where the frame goes: its end, before alignment. */
static uint64_t frame_end(const struct trap_frame *frame, const struct arch_signal *signal)
{
	const struct signal_altstack *stack = signal->altstack;

	if (signal->use_altstack && stack->size && !arch_signal_on_altstack(frame->rsp, stack))
		return stack->base + stack->size;
	return frame->rsp - RED_ZONE;
}

int arch_signal_push(struct trap_frame *frame, struct arch_context *context,
		     const struct arch_signal *signal)
{
	uint64_t fpstate, address;
	struct rt_sigframe image = {.restorer = signal->restorer, .info = *signal->info};

	fpstate = ALIGN_DOWN(frame_end(frame, signal) - fpu_frame_size(), 64);
	address = ALIGN_DOWN(fpstate - sizeof(image), 16) - 8;
	/* A frame that does not fit would run over the lower end of the alternate stack. */
	if (arch_signal_on_altstack(frame->rsp, signal->altstack) &&
	    !arch_signal_on_altstack(address, signal->altstack))
		return -EFAULT;
	if (!signal->restorer)
		return -EFAULT;
	image.context.flags = (has_xsave() ? UC_FP_XSTATE : 0) | UC_SIGCONTEXT_SS | UC_STRICT_SS;
	image.context.stack = *signal->altstack;
	image.context.mask = signal->blocked;
	save_registers(&image.context.registers, frame, signal, fpstate);
	if (push_fpu(fpstate, context) || arch_user_write(address, &image, sizeof(image)))
		return -EFAULT;

	frame->rdi = (uint64_t)signal->signo;
	frame->rsi = address + offsetof(struct rt_sigframe, info);
	frame->rdx = address + offsetof(struct rt_sigframe, context);
	frame->rax = 0;
	frame->rip = signal->handler;
	frame->rsp = address;
	frame->rflags &= ~(FLAG_DIRECTION | FLAG_TRAP | FLAG_RESUME);
	arch_fpu_init_area(context->fpu);
	arch_fpu_reload(context);
	return 0;
}

/* What the header of AREA, from the application, says beyond what this machine has is dropped. */
static void sanitise_fpu(uint8_t *area, bool extended)
{
	uint64_t *header = (uint64_t *)(void *)(area + XSAVE_HEADER);

	*(uint32_t *)(void *)(area + FXSAVE_MXCSR) &= MXCSR_VALID;
	if (!has_xsave())
		return;
	header[0] = extended ? header[0] & arch_fpu_features() : 3; /* x87 and SSE */
	for (unsigned i = 1; i < (XSAVE_HEADER_END - XSAVE_HEADER) / sizeof(*header); i++)
		header[i] = 0;
}

/* Does the vector state at ADDRESS have Linux's marks of the extended format? */
static int fpu_is_extended(uint64_t address, bool *extended)
{
	struct _fpx_sw_bytes bytes;
	uint32_t magic2;

	*extended = false;
	if (!has_xsave())
		return 0;
	if (arch_user_read(&bytes, address + FXSAVE_SW_OFFSET, sizeof(bytes)))
		return -EFAULT;
	if (bytes.magic1 != FP_XSTATE_MAGIC1 || bytes.xstate_size != arch_fpu_size())
		return 0;
	if (arch_user_read(&magic2, address + arch_fpu_size(), sizeof(magic2)))
		return -EFAULT;
	*extended = magic2 == FP_XSTATE_MAGIC2;
	return 0;
}

/*
 * Reads the vector state at ADDRESS into AREA. Not into the context's own: reading may block, and
 * the switch would save the live registers over it.
 */
static int read_fpu(uint64_t address, uint8_t *area)
{
	bool extended;

	if (!address) {
		arch_fpu_init_area(area);
		return 0;
	}
	if (!IS_ALIGNED(address, 64) || fpu_is_extended(address, &extended))
		return -EFAULT;
	arch_fpu_init_area(area);
	if (arch_user_read(area, address, extended ? arch_fpu_size() : FXSAVE_SIZE))
		return -EFAULT;
	sanitise_fpu(area, extended);
	return 0;
}

static void restore_registers(struct trap_frame *frame, const struct sigcontext *from)
{
	frame->r8 = from->r8;
	frame->r9 = from->r9;
	frame->r10 = from->r10;
	frame->r11 = from->r11;
	frame->r12 = from->r12;
	frame->r13 = from->r13;
	frame->r14 = from->r14;
	frame->r15 = from->r15;
	frame->rdi = from->rdi;
	frame->rsi = from->rsi;
	frame->rbp = from->rbp;
	frame->rbx = from->rbx;
	frame->rdx = from->rdx;
	frame->rax = from->rax;
	frame->rcx = from->rcx;
	frame->rsp = from->rsp;
	frame->rip = from->rip;
	frame->rflags = (frame->rflags & ~FLAGS_CHANGEABLE) | (from->eflags & FLAGS_CHANGEABLE);
}

int arch_signal_pop(struct trap_frame *frame, struct arch_context *context, uint64_t *mask,
		    struct signal_altstack *altstack, void *scratch)
{
	struct user_context image;
	uint64_t address = frame->rsp - 8; /* the handler's return has popped the restorer */
	const uint64_t *from = scratch;
	uint64_t *to = context->fpu;

	if (arch_user_read(&image, address + offsetof(struct rt_sigframe, context), sizeof(image)))
		return -EFAULT;
	/* Both must lie in the application's half: the stack pointer's tells who was interrupted.
	 */
	if (image.registers.rsp >= ARCH_USER_END || image.registers.rip >= ARCH_USER_END)
		return -EFAULT;
	if (read_fpu((uint64_t)image.registers.fpstate, scratch))
		return -EFAULT;
	for (size_t i = 0; i < arch_fpu_size() / sizeof(*to); i++)
		to[i] = from[i];
	arch_fpu_reload(context);
	restore_registers(frame, &image.registers);
	*mask = image.mask;
	*altstack = image.stack;
	return 0;
}
