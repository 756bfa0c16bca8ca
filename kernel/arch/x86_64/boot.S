/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * First instructions. Two ways in:
 *
 *   hermit_pvh_entry  32-bit protected mode, paging off, EBX = physical address of hvm_start_info
 *                     (Xen's x86/HVM direct boot ABI)
 *   hermit_entry64    64-bit mode, page tables of the loader's own that map this code's physical address,
 *                     RDI = physical address of struct boot_info
 *
 * Both write and install the boot page tables, which map the first GiB three times with 2 MiB pages:
 * identity (until kernel/mm takes over), physmap and kernel image, and go on in C at the high address.
 * The tables are in .bss: they would be 16 KiB of the file.
 */
#include "asm.h"
#include "regs.h"

#define PA(symbol) ((symbol)-KERNEL_BASE)

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 4, 18		/* name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long PA(hermit_pvh_entry)

	/* struct hermit_note, abi/boot_info.h */
	.section .note.HermitCore, "a", @note
	.balign 4
	.long 11, 32, 1		/* "HermitCore" with NUL, sizeof, HERMIT_NOTE_TYPE */
	.asciz "HermitCore"
	.balign 4
	.long 1, 1		/* HERMIT_ABI_VERSION, HC_VERSION: asserted in pvh.c */
	.quad PA(hermit_entry64)
	.quad __hermit_image_start
	.quad __hermit_image_end

#define BOOT_TABLE 3		/* present, writable */
#define BOOT_2MIB  0x83

/* Writes the boot page tables, at their physical addresses. DI: edi in 32-bit mode, rdi in 64-bit mode;
   both and EAX are lost. What is not written is zero. */
	.macro boot_tables di
	movl $PA(boot_pml4), %edi
	movl $(PA(boot_pdpt) + BOOT_TABLE), %eax
	movl %eax, (%\di)		/* slot 0: identity */
	movl %eax, 256*8(%\di)		/* physmap */
	addl $(boot_pdpt_kernel - boot_pdpt), %eax
	movl %eax, 511*8(%\di)		/* kernel */
	movl $(PA(boot_pd) + BOOT_TABLE), %eax
	movl %eax, boot_pdpt - boot_pml4(%\di)
	movl %eax, boot_pdpt_kernel - boot_pml4 + 510*8(%\di)
	movl $PA(boot_pd), %edi
	movl $BOOT_2MIB, %eax
9:	movl %eax, (%\di)
	addl $8, %edi
	addl $(1 << 21), %eax
	cmpl $(BOOT_2MIB + (512 << 21)), %eax
	jne 9b
	.endm

	.section .text.boot, "ax", @progbits
	.code32
	.globl hermit_pvh_entry
	.type hermit_pvh_entry, @function
hermit_pvh_entry:
	cld
	rdtsc
	movl %eax, PA(boot_entry_tsc)
	movl %edx, PA(boot_entry_tsc) + 4
	boot_tables edi
	movl $PA(boot_pml4), %eax
	movl %eax, %cr3
	movl $(CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	movl %eax, %cr4
	movl $MSR_EFER, %ecx
	xorl %edx, %edx
	movl $(EFER_LME | EFER_NXE | EFER_SCE), %eax
	wrmsr
	movl $(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE), %eax
	movl %eax, %cr0
	lgdtl PA(boot_gdt_pointer)
	ljmpl $SEL_CODE, $PA(1f)

	.code64
1:	movl %ebx, %edi
	movq $arch_boot_pvh, %rax
	jmp boot_high

	.globl hermit_entry64
	.type hermit_entry64, @function
hermit_entry64:
	cld
	rdtsc
	shlq $32, %rdx
	orq %rdx, %rax
	movq %rax, boot_entry_tsc(%rip)
	movq %rdi, %rbx
	boot_tables rdi
	movq %rbx, %rdi
	movl $(CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	movq %rax, %cr4
	movl $MSR_EFER, %ecx
	rdmsr
	orl $(EFER_NXE | EFER_SCE), %eax
	wrmsr
	leaq boot_pml4(%rip), %rax	/* physical: this runs at its physical address */
	movq %rax, %cr3
	lgdt boot_gdt_pointer(%rip)
	movq $arch_boot_info, %rax

/* RAX: C function to go to with RDI. Still at the physical address. */
boot_high:
	movl $SEL_DATA, %ecx
	movl %ecx, %ds
	movl %ecx, %es
	movl %ecx, %ss
	xorl %ecx, %ecx
	movl %ecx, %fs
	movl %ecx, %gs
	movq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	pushq $0			/* end of the call chain for the backtrace */
	jmp *%rax
	.size hermit_pvh_entry, . - hermit_pvh_entry

	.data
	.balign 8
	.globl boot_entry_tsc
boot_entry_tsc:
	.quad 0

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* SEL_CODE: 64-bit code */
	.quad 0x00cf93000000ffff	/* SEL_DATA */
boot_gdt_pointer:
	.word boot_gdt_pointer - boot_gdt - 1
	.long PA(boot_gdt)
	.long 0

	.bss
	.balign 4096
	.globl boot_pml4, boot_pdpt
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pdpt_kernel:
	.skip 4096
boot_pd:
	.skip 4096
boot_stack:
	.skip 16384
	.globl boot_stack_top
boot_stack_top:

	/* The application's first instruction, reached through this 64-bit pointer only: it lies 2 GiB and
	   more away. */
	.section .rodata, "a", @progbits
	.balign 8
	.globl boot_app_entry
boot_app_entry:
	.quad _start
	.globl boot_app_header
boot_app_header:
	.quad __ehdr_start
	.globl boot_app_load
boot_app_load:
	.quad __hermit_app_load

	.section .note.GNU-stack, "", @progbits
