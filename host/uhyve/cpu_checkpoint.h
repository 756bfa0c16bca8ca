/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of a processor in a checkpoint, and of what the vCPUs share inside KVM: interrupt
 * controllers and clock. All vCPUs are parked, or have not run yet.
 */
#ifndef UHYVE_CPU_CHECKPOINT_H
#define UHYVE_CPU_CHECKPOINT_H

#include "cpu.h"
#include "vcpu.h"

#include "common/blob.h"

/* Can this KVM save and restore? 0, or -ENOTSUP with ERROR. */
int cpu_checkpoint_check(const struct vm *vm, const struct vcpu *vcpu, struct uhyve_error *error);

/* Each 0 or -errno with ERROR. What is restored is hostile. */
int cpu_checkpoint_save(const struct vcpu *vcpu, struct blob *out, struct uhyve_error *error);
/* SHIFT: cpu_checkpoint_restore_clock's. */
int cpu_checkpoint_restore(const struct vcpu *vcpu, struct blob_reader *in, uint64_t shift,
			   struct uhyve_error *error);

/* Features that the guest has been shown. May a checkpoint with those of SAVED go on with NOW? */
void cpu_checkpoint_save_cpuid(const struct kvm_cpuid2 *cpuid, struct blob *out);
int cpu_checkpoint_check_cpuid(const struct kvm_cpuid2 *now, struct blob_reader *saved,
			       struct uhyve_error *error);

/* Interrupt controller NUMBER of IRQCHIPS. */
#define CPU_IRQCHIPS 3u
int cpu_checkpoint_save_irqchip(const struct vm *vm, unsigned number, struct blob *out,
				struct uhyve_error *error);
int cpu_checkpoint_restore_irqchip(const struct vm *vm, unsigned number, struct blob_reader *in,
				   struct uhyve_error *error);

/* The guest's time: the first vCPU's time stamp counter and the clock of kvmclock pages. */
struct cpu_clock {
	uint64_t tsc, tsc_offset, tsc_khz;
	uint64_t kvmclock_ns;
};
int cpu_checkpoint_save_clock(const struct vm *vm, const struct vcpu *first,
			      struct cpu_clock *clock, struct uhyve_error *error);
/* Before the vCPUs' states: time goes on at CLOCK. *SHIFT: how far the counters' offsets move. */
int cpu_checkpoint_restore_clock(const struct vm *vm, const struct vcpu *vcpus, unsigned count,
				 const struct cpu_clock *clock, uint64_t *shift,
				 struct uhyve_error *error);

#endif /* UHYVE_CPU_CHECKPOINT_H */
