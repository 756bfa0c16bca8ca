/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the per-CPU data that entry code (assembly) reaches. It is the first member of
 * struct cpu (core/cpu.h). GS holds its address whenever kernel or application runs: the
 * application shares the ring and does not use GS.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include <lib/compiler.h>
#include <lib/types.h>

/* CPU numbers are below. */
#define ARCH_CPU_MAX 512u

/* Work to do before the application goes on (arch_percpu.work). */
#define ARCH_WORK_RESCHED 1u /* another task is to run */
#define ARCH_WORK_SIGNAL  2u /* the current task has a signal to handle, or is to end */

struct trap_frame;

struct arch_percpu {
	struct arch_percpu *self;  /* 0 */
	uint64_t user_rsp;	   /* 8: scratch of the system call entry */
	uint64_t kernel_stack_top; /* 16: of the current task */
	uint32_t work;	  /* 24: ARCH_WORK_*; written by this CPU only (others send an IPI) */
	uint32_t index;	  /* 28: CPU number, 0 = boot CPU */
	void *fpu_owner;  /* the arch_context whose vector state the registers hold */
	uint32_t place;	  /* 40: node << ARCH_PLACE_NODE_SHIFT | index; the vDSO reads it */
	uint32_t relaxed; /* calls of arch_cpu_relax */
	bool tlb_resting; /* between arch_tlb_rest and arch_tlb_resume; this CPU only */
};

#define ARCH_PERCPU_SELF	 0
#define ARCH_PERCPU_USER_RSP	 8
#define ARCH_PERCPU_KERNEL_STACK 16
#define ARCH_PERCPU_WORK	 24
#define ARCH_PERCPU_PLACE	 40
_Static_assert(offsetof(struct arch_percpu, self) == ARCH_PERCPU_SELF, "entry.S");
_Static_assert(offsetof(struct arch_percpu, user_rsp) == ARCH_PERCPU_USER_RSP, "entry.S");
_Static_assert(offsetof(struct arch_percpu, kernel_stack_top) == ARCH_PERCPU_KERNEL_STACK,
	       "entry.S");
_Static_assert(offsetof(struct arch_percpu, work) == ARCH_PERCPU_WORK, "entry.S");
_Static_assert(offsetof(struct arch_percpu, place) == ARCH_PERCPU_PLACE, "vdso.c");

/* As RDTSCP and RDPID give it, and as Linux has it there. */
#define ARCH_PLACE_NODE_SHIFT 12u
_Static_assert(ARCH_CPU_MAX <= 1u << ARCH_PLACE_NODE_SHIFT, "place");

/* The NUMA node of PERCPU's CPU. */
static always_inline unsigned arch_percpu_node(const struct arch_percpu *percpu)
{
	return percpu->place >> ARCH_PLACE_NODE_SHIFT;
}

static always_inline struct arch_percpu *arch_percpu_this(void)
{
	struct arch_percpu *self;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(self));
	return self;
}

/* Makes PERCPU the per-CPU data of the executing CPU. */
void arch_percpu_install(struct arch_percpu *percpu);

#endif /* ARCH_PERCPU_H */
