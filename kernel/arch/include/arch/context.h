/* SPDX-License-Identifier: BSD-3-Clause */
/* A task's processor context: kernel stack pointer, thread pointer, vector state. */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include <arch/trap.h>
#include <lib/compiler.h>
#include <lib/types.h>

struct arch_context {
	uint64_t rsp;	  /* of the suspended task, on its kernel stack */
	uint64_t fs_base; /* thread pointer (TLS) */
	void *fpu;	  /* arch_fpu_size() bytes, 64-byte aligned; NULL for kernel tasks */
	uint32_t fpu_cpu; /* CPU whose registers hold the vector state, or ARCH_FPU_NOWHERE */
};

#define ARCH_FPU_NOWHERE 0xffffffffu

/*
 * Switches the kernel stack, thread pointer and vector state from PREV to NEXT and the per-CPU
 * kernel_stack_top to STACK_TOP. Interrupts off. Returns in NEXT's earlier call; a new task starts
 * at its entry function.
 */
void arch_context_switch(struct arch_context *prev, struct arch_context *next, uint64_t stack_top);

/* Prepares CONTEXT so that the first switch to it calls entry(arg) on the stack that ends at
 * STACK_TOP, with interrupts off. ENTRY does not return. */
void arch_context_init(struct arch_context *context, uint64_t stack_top, void (*entry)(void *),
		       void *arg);

/* Bytes of a vector state area (XSAVE area by CPUID leaf 0xd). Fixed after start. */
size_t arch_fpu_size(void);

/* XCR0: the state components that the area holds; 0: FXSAVE format only. */
uint64_t arch_fpu_features(void);

/* Writes the initial vector state (x87 and MXCSR defaults) into AREA. */
void arch_fpu_init_area(void *area);

/* Saves the current task's live vector state into its context->fpu (for clone, signal frames). */
void arch_fpu_save(struct arch_context *context);

/* Forgets the live registers: the next return to the task loads context->fpu. Interrupts off or
 * not. */
void arch_fpu_reload(struct arch_context *context);

/* Thread pointer of the executing task. */
void arch_context_set_fs_base(struct arch_context *context, uint64_t base);
uint64_t arch_context_fs_base(const struct arch_context *context);

#endif /* ARCH_CONTEXT_H */
