/* SPDX-License-Identifier: BSD-3-Clause */
/* The vDSO as data of the kernel, on pages of its own: they are mapped into the application. */
	.section .rodata, "a", @progbits
	.balign 4096
	.globl arch_vdso_start
arch_vdso_start:
	.incbin "vdso.so"
	.balign 4096
	.globl arch_vdso_end
arch_vdso_end:
	.section .note.GNU-stack, "", @progbits
