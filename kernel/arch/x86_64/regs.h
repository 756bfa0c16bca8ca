/* SPDX-License-Identifier: BSD-3-Clause */
/* Processor registers (Intel SDM vol. 3, chapters 2 and 4; vol. 4 for MSRs). Masks only. */
#ifndef X86_64_REGS_H
#define X86_64_REGS_H

#define CR0_MP		   (1 << 1) /* FWAIT honours CR0.TS */
#define CR0_EM		   (1 << 2) /* no x87: must be 0 */
#define CR0_NE		   (1 << 5) /* x87 errors as exceptions */
#define CR0_WP		   (1 << 16) /* read-only pages bind ring 0 too: the application's protection */
#define CR0_PG		   (1 << 31)
#define CR0_PE		   (1 << 0)

#define CR4_PAE		   (1 << 5)
#define CR4_PGE		   (1 << 7)
#define CR4_OSFXSR	   (1 << 9)
#define CR4_OSXMMEXCPT	   (1 << 10)
#define CR4_FSGSBASE	   (1 << 16)
#define CR4_OSXSAVE	   (1 << 18)

#define MSR_APIC_BASE	   0x1b
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_X2APIC	   0x800
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_SFMASK	   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103

#define EFER_SCE	   (1 << 0)
#define EFER_LME	   (1 << 8)
#define EFER_NXE	   (1 << 11)

#define APIC_BASE_ENABLE   0x800
#define APIC_BASE_X2APIC   0x400

#define RFLAGS_RESERVED	   0x2
#define RFLAGS_TF	   0x100
#define RFLAGS_IF	   0x200
#define RFLAGS_DF	   0x400
#define RFLAGS_NT	   0x4000
#define RFLAGS_AC	   0x40000

#endif /* X86_64_REGS_H */
