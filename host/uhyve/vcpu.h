/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual CPU and its thread. The thread runs the guest and hands its accesses to the device
 * tables; it makes no other system calls than KVM_RUN and those of the devices' handlers.
 *
 * Stopping: vcpu_kick makes KVM_RUN return (or not start), from any thread, without a lost moment:
 * immediate_exit is set before the signal is sent, and KVM looks at it after it has entered.
 */
#ifndef UHYVE_VCPU_H
#define UHYVE_VCPU_H

#include "device_table.h"
#include "error.h"
#include "vm.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* What the vCPUs of a machine share. Set before they start. */
struct vcpu_shared {
	struct device_table ports, memory;
	atomic_bool stopping;
	/* A vCPU cannot go on, TEXT says why; once. Called in its thread. */
	void (*stopped)(void *context, const char *text);
	void *context;
};

struct vcpu {
	unsigned index;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	struct vcpu_shared *shared;
	pthread_t thread;
	bool started;
	uint64_t returns; /* of KVM_RUN: the thread's own until it has ended */
};

/* Makes vCPU INDEX of VM. 0, or -errno. */
int vcpu_create(struct vcpu *vcpu, const struct vm *vm, unsigned index, struct vcpu_shared *shared,
		struct uhyve_error *error);
void vcpu_destroy(struct vcpu *vcpu);

/* Starts its thread, on the processors in CPUS (NULL: all). 0, or -errno. */
int vcpu_start(struct vcpu *vcpu, const cpu_set_t *cpus, struct uhyve_error *error);

/* Makes it leave the guest. */
void vcpu_kick(struct vcpu *vcpu);

/* Waits for the end of its thread, kicking it; after shared->stopping. */
void vcpu_join(struct vcpu *vcpu);

#endif /* UHYVE_VCPU_H */
