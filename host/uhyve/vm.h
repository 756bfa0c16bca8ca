/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual machine of KVM (Linux, Documentation/virt/kvm/api.rst): its memory, its interrupt
 * controllers, its doorbells. No threads: see vcpu.h. No locks: set up by one thread.
 */
#ifndef UHYVE_VM_H
#define UHYVE_VM_H

#include "error.h"

#include "common/guest_mem.h"

#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>

struct vm {
	int kvm_fd, fd;	 /* /dev/kvm and the machine */
	size_t run_size; /* of a vCPU's shared page(s) */
};

/* Can this host's KVM make such a machine? 0, or -errno with ERROR. */
int vm_check(struct uhyve_error *error);

/* Opens /dev/kvm, checks what it can, and makes an empty machine with interrupt controllers. 0, or
 * -errno with ERROR. On failure everything is undone. */
int vm_create(struct vm *vm, struct uhyve_error *error);
void vm_destroy(struct vm *vm);

/* Gives MEM, which stays the caller's, to the machine. Where it is tracked, KVM logs its writes. */
int vm_add_memory(const struct vm *vm, const struct guest_mem *mem, struct uhyve_error *error);

/* Which pages KVM and the host have written since the last call: a bit per page into DIRTY. */
int vm_take_dirty(const struct vm *vm, const struct guest_mem *mem, uint64_t *dirty,
		  struct uhyve_error *error);

/* Writes of a byte to I/O port PORT make EVENT_FD readable, without an exit to this process. */
int vm_add_doorbell(const struct vm *vm, uint16_t port, int event_fd, struct uhyve_error *error);

/* Writes to EVENT_FD raise global system interrupt GSI (an edge). */
int vm_add_interrupt(const struct vm *vm, unsigned gsi, int event_fd, struct uhyve_error *error);

/* Writes of the four bytes of VALUE to guest-physical ADDRESS make EVENT_FD readable, likewise. */
int vm_add_notification(const struct vm *vm, uint64_t address, uint32_t value, int event_fd,
			struct uhyve_error *error);

/* Writes to EVENT_FD raise GSI (a level); KVM lowers it when the guest has handled the interrupt,
 * and makes RESAMPLE_FD readable. */
int vm_add_line(const struct vm *vm, unsigned gsi, int event_fd, int resample_fd,
		struct uhyve_error *error);

#endif /* UHYVE_VM_H */
