/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ways into the kernel and back: vectors, system calls, context switch.
 *
 * Application and kernel share ring 0, so the processor does not switch stacks by itself, and the
 * application has a red zone below its stack pointer. Therefore every vector uses an IST stack; from
 * there the frame moves to
 *   - the top of the task's kernel stack when the application was interrupted,
 *   - right below the interrupted stack pointer when the kernel was (it has no red zone).
 * The stack pointer's half of the address space tells the two apart. Interrupts stay off until the
 * frame has left the IST stack, so the next trap finds it free again.
 */
#include "asm.h"

/* GS offsets, asserted in arch/percpu.h. */
#define PERCPU_USER_RSP	    8
#define PERCPU_KERNEL_STACK 16
#define PERCPU_WORK	    24

#define VECTOR_SYSCALL 0x100
#define SYSCALL_COUNT  512
#define ENOSYS	       38

	.text

/* Pushes the general registers of struct trap_frame (vector and error code are there already). */
.macro PUSH_REGS
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

.macro POP_REGS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
.endm

/* 256 entries of 16 bytes each; those without an error code push 0 (Intel SDM vol. 3, table 6-1). */
	.balign 16
	.globl trap_vectors
trap_vectors:
	.set vector, 0
	.rept 256
	.balign 16
	.if (vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || (vector == 21)
	.else
	pushq $0
	.endif
	pushq $vector
	jmp trap_entry
	.set vector, vector + 1
	.endr

	.balign 16
	.type trap_entry, @function
trap_entry:
	PUSH_REGS
	cld
	/* The interrupt stack came with a null selector. System calls have this one, and an emulator that
	   translates would translate for both. */
	movl $SEL_DATA, %ecx
	movl %ecx, %ss
	movq %rsp, %rsi
	movq FRAME_RSP(%rsp), %rdi
	testq %rdi, %rdi
	js 1f
	movq %gs:PERCPU_KERNEL_STACK, %rdi
1:	andq $~15, %rdi
	subq $FRAME_SIZE, %rdi
	movq %rdi, %rbx
	movl $FRAME_QWORDS, %ecx
	rep movsq
	movq %rbx, %rsp
	xorl %ebp, %ebp
	movq %rsp, %rdi
	call trap_dispatch
trap_return:
	cli
	cmpq $0, FRAME_RSP(%rsp)
	js 1f
	cmpl $0, %gs:PERCPU_WORK
	jne trap_work
1:	POP_REGS
	addq $16, %rsp
	iretq
trap_work:
	sti
	movq %rsp, %rdi
	call sched_return_work
	jmp trap_return
	.size trap_entry, . - trap_entry

/*
 * System call: RAX = number, RDI RSI RDX R10 R8 R9 = arguments, RCX = return address, R11 = flags. The
 * processor has turned interrupts off (SFMASK). The application continues at RCX with all registers but
 * RAX, RCX and R11 unchanged, as the Linux ABI promises.
 */
	.balign 16
	.globl syscall_entry
	.type syscall_entry, @function
syscall_entry:
	movq %rsp, %gs:PERCPU_USER_RSP
	movq %gs:PERCPU_KERNEL_STACK, %rsp
	pushq $SEL_DATA
	pushq %gs:PERCPU_USER_RSP
	pushq %r11
	pushq $SEL_CODE
	pushq %rcx
	pushq %rax
	pushq $VECTOR_SYSCALL
	PUSH_REGS
	sti
	cmpq $SYSCALL_COUNT, %rax
	jae 2f
	movq %r10, %rcx
	call *arch_syscall_table(, %rax, 8)
1:	movq %rax, FRAME_RAX(%rsp)
	cli
	cmpl $0, %gs:PERCPU_WORK
	jne trap_work
	/* C has preserved RBX, RBP and R12 to R15. */
	movq FRAME_R10(%rsp), %r10
	movq FRAME_R9(%rsp), %r9
	movq FRAME_R8(%rsp), %r8
	movq FRAME_RDX(%rsp), %rdx
	movq FRAME_RSI(%rsp), %rsi
	movq FRAME_RDI(%rsp), %rdi
	movq FRAME_RIP(%rsp), %rcx
	movq FRAME_RFLAGS(%rsp), %r11	/* as on Linux, and nothing of the kernel's */
	movq FRAME_RSP(%rsp), %rsp
	sti				/* takes effect behind the jump */
	jmp *%rcx
2:	movq $-ENOSYS, %rax
	jmp 1b
	.size syscall_entry, . - syscall_entry

/* noreturn void arch_trap_return(struct trap_frame *frame) */
	.globl arch_trap_return
	.type arch_trap_return, @function
arch_trap_return:
	movq %rdi, %rsp
	jmp trap_return
	.size arch_trap_return, . - arch_trap_return

/*
 * void context_switch_stack(uint64_t *save_rsp, uint64_t next_rsp)
 * A suspended task's stack: R15 R14 R13 R12 RBX RBP, return address.
 */
	.globl context_switch_stack
	.type context_switch_stack, @function
context_switch_stack:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	.size context_switch_stack, . - context_switch_stack

/* A new task's first return address: R12 = entry, R13 = argument (arch_context_init). */
	.globl context_start
	.type context_start, @function
context_start:
	movq %r13, %rdi
	pushq $0			/* end of the call chain, and stack alignment */
	call *%r12
	ud2
	.size context_start, . - context_start

/*
 * void idle_halt(void), void idle_mwait(const void *monitored): see idle.c. The instruction behind STI runs
 * with interrupts still off: nothing can come between the two. Hypervisors have been seen that forget
 * this (QEMU 7.2's own SVM, when the guest is left and entered there), and a processor that waits after
 * its interrupt has come waits for ever. So trap_dispatch goes on behind idle_waits_* then.
 */
	.balign 16
	.globl idle_halt, idle_waits_halt
	.type idle_halt, @function
idle_halt:
	sti
idle_waits_halt:
	hlt
	ret
	.size idle_halt, . - idle_halt

	.globl idle_mwait, idle_waits_mwait
	.type idle_mwait, @function
idle_mwait:
	movq %rdi, %rax
	xorl %ecx, %ecx
	xorl %edx, %edx
	monitor
	xorl %eax, %eax			/* C1, the shallowest state */
	sti
idle_waits_mwait:
	mwait
	.globl idle_done
idle_done:
	ret
	.size idle_mwait, . - idle_mwait

/*
 * Access to the application's memory. Each instruction that may fault has an entry in the table
 * .ktable.fixup: (address, where to go on). The trap handler looks it up when the fault cannot be
 * resolved.
 */
.macro FIXUP from, to
	.pushsection .ktable.fixup, "a", @progbits
	.quad \from, \to
	.popsection
.endm

/* size_t user_copy(void *to, const void *from, size_t size): bytes not copied */
	.globl user_copy
	.type user_copy, @function
user_copy:
	movq %rdx, %rcx
	shrq $3, %rcx
	jz 2f
1:	rep movsq
2:	movl %edx, %ecx
	andl $7, %ecx
3:	rep movsb
	xorl %eax, %eax
	ret
4:	andl $7, %edx
	leaq (%rdx, %rcx, 8), %rax
	ret
5:	movl %ecx, %eax
	ret
	FIXUP 1b, 4b
	FIXUP 3b, 5b
	.size user_copy, . - user_copy

/* size_t user_clear(void *to, size_t size): bytes not cleared */
	.globl user_clear
	.type user_clear, @function
user_clear:
	xorl %eax, %eax
	movq %rsi, %rcx
1:	rep stosb
	ret
2:	movq %rcx, %rax
	ret
	FIXUP 1b, 2b
	.size user_clear, . - user_clear

/* int user_load32(const uint32_t *from, uint32_t *to): 0, or -14 */
	.globl user_load32
	.type user_load32, @function
user_load32:
1:	movl (%rdi), %eax
	movl %eax, (%rsi)
	xorl %eax, %eax
	ret
2:	movl $-14, %eax
	ret
	FIXUP 1b, 2b
	.size user_load32, . - user_load32

/* int user_cmpxchg32(uint32_t *at, uint32_t *expected, uint32_t desired): 1 done, 0 not, -14 fault */
	.globl user_cmpxchg32
	.type user_cmpxchg32, @function
user_cmpxchg32:
	movl (%rsi), %eax
1:	lock cmpxchgl %edx, (%rdi)
	movl %eax, (%rsi)
	sete %al
	movzbl %al, %eax
	ret
2:	movl $-14, %eax
	ret
	FIXUP 1b, 2b
	.size user_cmpxchg32, . - user_cmpxchg32

/* long user_string(char *to, const char *from, size_t size): length, -36 too long, -14 fault */
	.globl user_string
	.type user_string, @function
user_string:
	xorl %eax, %eax
1:	cmpq %rdx, %rax
	jae 3f
2:	movb (%rsi, %rax), %cl
	movb %cl, (%rdi, %rax)
	testb %cl, %cl
	je 4f
	incq %rax
	jmp 1b
3:	movq $-36, %rax
4:	ret
5:	movq $-14, %rax
	ret
	FIXUP 2b, 5b
	.size user_string, . - user_string

/* long fpu_try_xrstor(const void *area, uint32_t mask_low, uint32_t mask_high): 0, or -22 when refused */
	.globl fpu_try_xrstor
	.type fpu_try_xrstor, @function
fpu_try_xrstor:
	movl %esi, %eax
1:	xrstor64 (%rdi)
	xorl %eax, %eax
	ret
2:	movq $-22, %rax
	ret
	FIXUP 1b, 2b
	.size fpu_try_xrstor, . - fpu_try_xrstor

/* long fpu_try_fxrstor(const void *area): the same */
	.globl fpu_try_fxrstor
	.type fpu_try_fxrstor, @function
fpu_try_fxrstor:
1:	fxrstor64 (%rdi)
	xorl %eax, %eax
	ret
2:	movq $-22, %rax
	ret
	FIXUP 1b, 2b
	.size fpu_try_fxrstor, . - fpu_try_fxrstor

	.section .note.GNU-stack, "", @progbits
