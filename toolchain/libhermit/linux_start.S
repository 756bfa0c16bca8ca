/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where Linux starts an image (its ELF entry point): tells how to run it and exits with status 1. No
 * boot loader and no kernel of ours comes here. Linux leaves argc and argv on the stack.
 */
#define SYS_write 1
#define SYS_exit  60

	.text
	.globl hermit_linux_start
	.type hermit_linux_start, @function
hermit_linux_start:
	xor %ebp, %ebp
	mov (%rsp), %rbx	/* argc */
	lea no_name(%rip), %r12
	test %rbx, %rbx
	jz 1f
	mov 8(%rsp), %r12	/* argv[0] */
1:	mov %r12, %rsi
	call print
	lea text(%rip), %rsi
	call print
	mov %r12, %rsi
	call print
	lea newline(%rip), %rsi
	call print
	mov $SYS_exit, %eax
	mov $1, %edi
	syscall
	ud2
	.size hermit_linux_start, . - hermit_linux_start

/* Writes the string at RSI to standard error. */
	.type print, @function
print:
	xor %edx, %edx
1:	cmpb $0, (%rsi, %rdx)
	je 2f
	inc %rdx
	jmp 1b
2:	mov $SYS_write, %eax
	mov $2, %edi
	syscall
	ret
	.size print, . - print

	.section .rodata.hermit_linux_start, "a", @progbits
no_name:
	.asciz "image"
text:
	.asciz ": this is a HermitCore image, not a Linux program. Run it with: proxy "
newline:
	.asciz "\n"

	.section .note.GNU-stack, "", @progbits
