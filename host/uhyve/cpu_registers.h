/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vCPU's registers, numbered and laid out as GDB wants them. They are loaded from KVM as a whole
 * and written back when one is changed. The vCPU must not run meanwhile.
 */
#ifndef UHYVE_CPU_REGISTERS_H
#define UHYVE_CPU_REGISTERS_H

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

/* More than 4096 bytes of extended state are only there with AMX, which we do not offer. */
struct cpu_registers {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xsave xsave;
};

/* How many there are, and what: a target description (GDB manual, appendix G). */
unsigned cpu_register_count(void);
const char *cpu_register_description(void);

/* 0 or -errno. */
int cpu_registers_load(struct cpu_registers *registers, int vcpu_fd);

/* Puts register NUMBER (below the count) into DATA, 16 bytes at most; returns its size. */
size_t cpu_register_get(const struct cpu_registers *registers, unsigned number, void *data);

/* Changes register NUMBER, in REGISTERS and in the vCPU. 0, -EPERM: it can only be read, -EINVAL:
 * it has another size or KVM refuses the value, or another -errno. */
int cpu_register_set(struct cpu_registers *registers, int vcpu_fd, unsigned number,
		     const void *data, size_t size);

#endif /* UHYVE_CPU_REGISTERS_H */
