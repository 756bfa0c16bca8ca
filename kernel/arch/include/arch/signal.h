/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processor's part of signal delivery: the frame on the application's stack that a handler
 * returns through, in Linux's layout (struct rt_sigframe).
 */
#ifndef ARCH_SIGNAL_H
#define ARCH_SIGNAL_H

#include <arch/context.h>
#include <arch/trap.h>
#include <lib/compiler.h>
#include <lib/types.h>

/* siginfo_t of the Linux ABI: 128 bytes; the fields behind code depend on the signal. */
struct signal_info {
	int32_t signo;
	int32_t error;
	int32_t code;
	int32_t pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value; /* rt_sigqueueinfo */
		} sender;
		struct {
			int32_t id;
			int32_t overrun;
			uint64_t value;
		} timer;
		struct {
			uint64_t address;
		} fault;
		uint8_t bytes[112];
	};
};
_Static_assert(sizeof(struct signal_info) == 128, "siginfo_t");

/* stack_t */
struct signal_altstack {
	uint64_t base;
	int32_t flags; /* SS_* */
	int32_t pad;
	uint64_t size;
};
_Static_assert(sizeof(struct signal_altstack) == 24, "stack_t");

/* The last exception of a thread: what Linux reports in the context of later handlers. */
struct signal_fault_info {
	uint64_t vector, error, address;
};

struct arch_signal {
	int signo;
	uint64_t handler, restorer;
	uint64_t blocked; /* mask to come back after the handler */
	bool use_altstack;
	const struct signal_info *info;
	const struct signal_altstack *altstack;
	const struct signal_fault_info *fault;
};

/* Smallest stack for one handler (AT_MINSIGSTKSZ). */
size_t arch_signal_min_stack(void);

/* Is STACK_POINTER on ALTSTACK? */
bool arch_signal_on_altstack(uint64_t stack_pointer, const struct signal_altstack *altstack);

/*
 * Builds the signal frame and changes FRAME so that the application goes on in the handler, with
 * fresh vector state in CONTEXT, the current one. 0 or -EFAULT (nothing has changed then). Task
 * context, may block.
 */
must_check int arch_signal_push(struct trap_frame *frame, struct arch_context *context,
				const struct arch_signal *signal);

/*
 * Undoes it: registers and vector state come from the signal frame at FRAME's stack pointer, MASK
 * and ALTSTACK too. What would harm the kernel (segments, flags) is not taken over. SCRATCH:
 * arch_fpu_size() bytes, 64-byte aligned. 0 or -EFAULT. Task context, may block.
 */
must_check int arch_signal_pop(struct trap_frame *frame, struct arch_context *context,
			       uint64_t *mask, struct signal_altstack *altstack, void *scratch);

#endif /* ARCH_SIGNAL_H */
