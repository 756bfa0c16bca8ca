/* SPDX-License-Identifier: BSD-3-Clause */
/* Constants that assembly and C of this folder share. No code. */
#ifndef X86_64_ASM_H
#define X86_64_ASM_H

#define KERNEL_BASE  0xffffffff80000000
#define PHYSMAP_BASE 0xffff800000000000

/* Segment selectors. SYSCALL wants SS right behind CS (AMD APM vol. 2, 6.1.1). */
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS	 0x18

/* Start of other CPUs: the page that their first code is copied to, and what it knows of struct
 * arch_smp_place. */
#define TRAMPOLINE	    0x8000
#define SEL_TRAMPOLINE_CODE 0x18
#define PLACE_STACK	    0
#define PLACE_SIZE	    32

/* Interrupt stack table slots (1-based, as in the gate descriptor). */
#define IST_TRAP	 1
#define IST_NMI		 2
#define IST_DOUBLE_FAULT 3
#define IST_MACHINE	 4

/* Offsets in struct trap_frame (asserted in trap.c). */
#define FRAME_R10    (8 * 7)
#define FRAME_R9     (8 * 8)
#define FRAME_R8     (8 * 9)
#define FRAME_RAX    (8 * 10)
#define FRAME_RDX    (8 * 12)
#define FRAME_RSI    (8 * 13)
#define FRAME_RDI    (8 * 14)
#define FRAME_VECTOR (8 * 15)
#define FRAME_RIP    (8 * 17)
#define FRAME_RFLAGS (8 * 19)
#define FRAME_RSP    (8 * 20)
#define FRAME_QWORDS 22
#define FRAME_SIZE   (8 * FRAME_QWORDS)

#endif /* X86_64_ASM_H */
