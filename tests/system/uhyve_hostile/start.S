/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hostile image's first instructions (Intel SDM vol. 3, 3.4.5 descriptors, 8.4 start of other
 * processors, 9.8.5 to 64-bit mode), and its handlers of faults, which go on at fault_resume.
 */
	.text
	.code64
	.globl start
start:
	cld
	lgdt gdt_pointer
	lea first_stack_top(%rip), %rsp
	call hostile_main
1:	hlt
	jmp 1b

	/* #UD brings no error code, #GP and #PF do. */
	.globl fault_without_code, fault_with_code
fault_with_code:
	add $8, %rsp
fault_without_code:
	push %rax
	mov fault_resume, %rax
	mov %rax, 8(%rsp)
	movl $1, fault_seen
	pop %rax
	iretq

	/* Copied to 0x8000. */
	.code16
	.globl second_start, second_start_end
second_start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl 0x8000 + (second_gdt_pointer - second_start)
	movl $0x20, %eax
	movl %eax, %cr4
	movl $0x14000, %eax /* BOOT_TABLES_ADDRESS */
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80000001, %eax
	movl %eax, %cr0
	ljmpl $8, $second_start_64
second_gdt_pointer:
	.word gdt_end - gdt - 1
	.long gdt
second_start_end:

	.code64
second_start_64:
	movw $16, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	lea second_stack_top(%rip), %rsp
	cld
	call hostile_second
1:	hlt
	jmp 1b

	.data
	.balign 8
	.globl fault_resume, fault_seen
fault_resume:
	.quad 0
fault_seen:
	.long 0
	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* code, 64 bits */
	.quad 0x00cf93000000ffff /* data */
gdt_end:
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.bss
	.balign 16
	.skip 65536
first_stack_top:
	.skip 16384
second_stack_top:

	.section .note.GNU-stack, "", @progbits
