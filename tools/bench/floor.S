/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The floor of the start measurements: an image that ends the virtual machine at its first
 * instruction. What is left is the start and the end of QEMU and its firmware.
 *
 * Built three times:
 *   FLOOR_DEBUG_EXIT  writes to QEMU's isa-debug-exit device (iobase=0xf4)
 *   FLOOR_FAULT       triple fault: an exception with an empty interrupt table (needs -no-reboot)
 *   FLOOR_TSC         writes the time stamp counter, as it was at the first instruction, to QEMU's
 *                     debug console (iobase=0xe9), eight bytes, little-endian, and ends. Under
 *                     -icount shift=0 that is the number of instructions the firmware took.
 *
 * PVH entry (xen/include/public/arch-x86/hvm/start_info.h): 32-bit protected mode, no paging, flat
 * segments, no stack.
 */
#define DEBUG_EXIT_PORT	   0xf4
#define DEBUG_CONSOLE_PORT 0xe9
#define NOTE_PHYS32_ENTRY  18

	.section .note.Xen, "a", @note
	.balign 4
	.long 2f - 1f
	.long 4f - 3f
	.long NOTE_PHYS32_ENTRY
1:	.asciz "Xen"
2:	.balign 4
3:	.quad floor_start
4:	.balign 4

	.section .text.entry, "ax", @progbits
	.code32
	.globl floor_start
floor_start:
#if defined(FLOOR_TSC)
	rdtsc
	movl %edx, %ebx
	movl $4, %ecx
5:	outb %al, $DEBUG_CONSOLE_PORT
	shrl $8, %eax
	decl %ecx
	jnz 5b
	movl %ebx, %eax
	movl $4, %ecx
6:	outb %al, $DEBUG_CONSOLE_PORT
	shrl $8, %eax
	decl %ecx
	jnz 6b
	outb %al, $DEBUG_EXIT_PORT
#elif defined(FLOOR_FAULT)
	lidt floor_no_idt
	ud2
#elif defined(FLOOR_DEBUG_EXIT)
	outb %al, $DEBUG_EXIT_PORT
#else
#error "define FLOOR_DEBUG_EXIT, FLOOR_FAULT or FLOOR_TSC"
#endif
7:	hlt
	jmp 7b

#if defined(FLOOR_FAULT)
	.balign 8
floor_no_idt:
	.word 0
	.long 0
#endif

	.section .note.GNU-stack, "", @progbits
