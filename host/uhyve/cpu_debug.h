/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a processor offers a debugger: an instruction that stops it, registers that watch addresses,
 * single steps. KVM_SET_GUEST_DEBUG (Linux, Documentation/virt/kvm/api.rst).
 */
#ifndef UHYVE_CPU_DEBUG_H
#define UHYVE_CPU_DEBUG_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_BREAKPOINT_SIZE_MAX 2u
#define CPU_WATCHES		4u

enum cpu_watch_kind {
	CPU_WATCH_NONE,
	CPU_WATCH_EXECUTE,
	CPU_WATCH_WRITE,
	CPU_WATCH_ACCESS, /* reads and writes */
};

struct cpu_watch {
	enum cpu_watch_kind kind;
	uint64_t address; /* a multiple of the size: 1, 2, 4 or 8; 1 for CPU_WATCH_EXECUTE */
	unsigned size;
};

/* The instruction that stops the processor. Where KVM runs in a machine that QEMU translates, the
 * usual one is not passed to us, and watches have no effect: then it is a write to port PORT. That
 * is longer than some instructions: on one of a single byte it must not stay when the vCPU is
 * behind it.
 */
struct cpu_breakpoint {
	uint8_t code[CPU_BREAKPOINT_SIZE_MAX];
	size_t size;
	unsigned port; /* 0: none, KVM_EXIT_DEBUG tells */
	bool watches;  /* they work */
};
struct cpu_breakpoint cpu_breakpoint_choose(void);

/* After a write to the port: puts the vCPU back to that instruction and returns its address; its
 * own thread. */
uint64_t cpu_breakpoint_rewind(int vcpu_fd, struct kvm_run *run, const struct cpu_breakpoint *is);

/* Tells KVM what stops the vCPU: ON: breakpoints do; WATCHES; STEP: the next instruction. 0, or
 * -errno. */
int cpu_debug_apply(int vcpu_fd, bool on, const struct cpu_watch *watches, bool step);

/* The vCPU met a breakpoint instruction that is the guest's own: the guest gets it. */
int cpu_debug_give_back(int vcpu_fd, bool on, const struct cpu_watch *watches);

/* What KVM_EXIT_DEBUG means. */
struct cpu_debug_event {
	enum { CPU_DEBUG_BREAKPOINT, CPU_DEBUG_STEP, CPU_DEBUG_WATCH } what;
	uint64_t address; /* of the instruction */
	unsigned watch;	  /* its index */
};
struct cpu_debug_event cpu_debug_event(const struct kvm_run *run);

/* Whether the vCPU uses other page tables than those at TABLES, which it began with. */
bool cpu_debug_has_own_tables(const struct kvm_sregs *sregs, uint64_t tables);

#endif /* UHYVE_CPU_DEBUG_H */
