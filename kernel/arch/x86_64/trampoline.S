/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First instructions of a CPU that is not the boot CPU: real mode, CS = TRAMPOLINE >> 4, IP = 0. The
 * code is a copy at TRAMPOLINE; labels are reached relative to it. All CPUs may run it at once, so it
 * has no memory of its own to write but the place counter.
 */
#include "asm.h"
#include "regs.h"

#define PA(symbol) ((symbol)-KERNEL_BASE)
#define AT(label)  (TRAMPOLINE + (label)-smp_trampoline)

	.section .rodata, "a", @progbits
	.balign 16
	.globl smp_trampoline
smp_trampoline:
	.code16
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl gdt_pointer - smp_trampoline
	movl $CR0_PE, %eax
	movl %eax, %cr0
	ljmpl $SEL_TRAMPOLINE_CODE, $AT(1f)

	.code32
1:	movl $SEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $(CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	movl %eax, %cr4
	movl $PA(smp_start_tables), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $(EFER_LME | EFER_NXE | EFER_SCE), %eax
	wrmsr
	movl $(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE), %eax
	movl %eax, %cr0
	ljmpl $SEL_CODE, $AT(2f)

	.code64
2:	movq $smp_high, %rax
	jmp *%rax

	.balign 8
gdt:	.quad 0
	.quad 0x00af9b000000ffff	/* SEL_CODE: 64-bit code */
	.quad 0x00cf93000000ffff	/* SEL_DATA */
	.quad 0x00cf9b000000ffff	/* SEL_TRAMPOLINE_CODE: 32-bit code */
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long AT(gdt)
	.globl smp_trampoline_end
smp_trampoline_end:

	.text
smp_high:
	movq smp_root(%rip), %rax
	movq %rax, %cr3
	xorl %ecx, %ecx
	movl %ecx, %fs
	movl %ecx, %gs
	movl $1, %eax
	lock xaddl %eax, smp_place_next(%rip)
	cmpl smp_place_count(%rip), %eax
	jae 3f
	imulq $PLACE_SIZE, %rax, %rdi
	addq smp_places(%rip), %rdi
	movq PLACE_STACK(%rdi), %rsp
	xorl %ebp, %ebp
	pushq $0			/* end of the call chain for the backtrace */
	jmp smp_entry
3:	cli				/* one more CPU than was started */
	hlt
	jmp 3b

	.section .note.GNU-stack, "", @progbits
