/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of system calls. frame->error holds the number, RAX the result, and RIP points behind the
 * SYSCALL instruction, which is two bytes long. A frame that has been settled carries a vector that
 * no trap has.
 */
#include <arch/syscall.h>

#define SYSCALL_INSTRUCTION_SIZE 2u
#define VECTOR_SETTLED		 (ARCH_VECTOR_SYSCALL + 1)

bool arch_syscall_result(const struct trap_frame *frame, long *result)
{
	if (frame->vector != ARCH_VECTOR_SYSCALL)
		return false;
	*result = (long)frame->rax;
	return true;
}

void arch_syscall_set_result(struct trap_frame *frame, long result)
{
	frame->rax = (uint64_t)result;
}

void arch_syscall_repeat(struct trap_frame *frame, int number)
{
	frame->rax = number >= 0 ? (uint64_t)number : frame->error;
	frame->rip -= SYSCALL_INSTRUCTION_SIZE;
	frame->vector = VECTOR_SETTLED;
}

void arch_syscall_settle(struct trap_frame *frame)
{
	frame->vector = VECTOR_SETTLED;
}

void arch_syscall_child(struct trap_frame *child, uintptr_t stack)
{
	child->rax = 0;
	child->vector = VECTOR_SETTLED;
	if (stack)
		child->rsp = stack;
}

uintptr_t arch_frame_stack_pointer(const struct trap_frame *frame)
{
	return frame->rsp;
}
