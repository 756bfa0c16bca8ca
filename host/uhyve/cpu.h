/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The processor that a guest sees: features, refused registers, state at its first instruction.
 * cpu_*.c are the only files here that know the architecture.
 */
#ifndef UHYVE_CPU_H
#define UHYVE_CPU_H

#include "error.h"
#include "vm.h"

/* Which model specific registers the guest may use; any other access is a general protection fault.
 * Valid as long as the process. */
void cpu_msr_filter(struct kvm_msr_filter *filter);

/* Their numbers. */
const uint32_t *cpu_msrs(unsigned *count);

/* What CPUID says, to be released with free(); NULL with ERROR. TSC_KHZ: rate of the time stamp
 * counter. */
struct kvm_cpuid2 *cpu_cpuid_create(const struct vm *vm, unsigned cpus, uint64_t tsc_khz,
				    struct uhyve_error *error);

/* Gives vCPU INDEX its identity. CPUID is changed by it. */
int cpu_cpuid_apply(int vcpu_fd, struct kvm_cpuid2 *cpuid, unsigned index,
		    struct uhyve_error *error);

/* How a CPU starts. */
struct cpu_start {
	uint64_t entry;	     /* guest-physical address of the 64-bit entry */
	uint64_t argument;   /* RDI */
	uint64_t tables;     /* page tables: cpu_start_tables */
	uint64_t clock_page; /* guest-physical address of the kvmclock page, 0: none */
};

/* Page tables that map the first GiB one to one: CPU_TABLES_SIZE bytes at guest-physical GPA. */
#define CPU_TABLES_SIZE 0x3000u
void cpu_start_tables(uint8_t *memory, uint64_t gpa);

/*
 * Extended control register 0: all that CPUID offers, which is what a kernel asks for. So that
 * needs no exit; and QEMU's translation of nested guests (7.2) does not make one where it should.
 */
int cpu_state_features(int vcpu_fd, const struct kvm_cpuid2 *cpuid, struct uhyve_error *error);

/* The state of the first CPU: 64-bit mode at START. The others wait for their start-up interrupt.
 */
int cpu_state_boot(int vcpu_fd, const struct cpu_start *start, struct uhyve_error *error);
/* The state that all have in common: local interrupt controller in x2APIC mode. */
int cpu_state_apic(int vcpu_fd, struct uhyve_error *error);

#endif /* UHYVE_CPU_H */
