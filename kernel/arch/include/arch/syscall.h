/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel changes in the frame of a system call: its result, its repetition, and the frame
 * of a new thread. */
#ifndef ARCH_SYSCALL_H
#define ARCH_SYSCALL_H

#include <arch/trap.h>
#include <lib/types.h>

/* The result of the system call that FRAME is from, if it is from one and nobody has settled it:
 * true with *RESULT. */
bool arch_syscall_result(const struct trap_frame *frame, long *result);
void arch_syscall_set_result(struct trap_frame *frame, long result);

/* The application is to execute the system call instruction again: the same call, or NUMBER
 * (>= 0). */
void arch_syscall_repeat(struct trap_frame *frame, int number);

/* The result is settled: arch_syscall_result says no from now on. */
void arch_syscall_settle(struct trap_frame *frame);

/* CHILD, a copy of a system call's frame, becomes that of a new thread: it returns 0 from the call,
 * on the stack that ends at STACK (0: the same). */
void arch_syscall_child(struct trap_frame *child, uintptr_t stack);

/* The application's stack pointer. */
uintptr_t arch_frame_stack_pointer(const struct trap_frame *frame);

#endif /* ARCH_SYSCALL_H */
