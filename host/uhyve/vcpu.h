/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtual CPU and its thread. The thread runs the guest and hands its accesses to the device
 * tables; it makes no other system calls than KVM_RUN and those of the devices' handlers.
 *
 * Stopping: vcpu_kick makes KVM_RUN return (or not start), from any thread, without a lost moment:
 * immediate_exit is set before the signal is sent, and KVM looks at it after it has entered.
 *
 * Holding: a vCPU that is held leaves the guest and waits in vcpu_thread until it is released; once
 * it is parked, its state may be read and changed from other threads. HELD is set before the kick,
 * so no moment is lost here either.
 */
#ifndef UHYVE_VCPU_H
#define UHYVE_VCPU_H

#include "device_table.h"
#include "error.h"
#include "vm.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct vcpu;

/* What the vCPUs of a machine share. Set before they start. */
struct vcpu_shared {
	struct device_table ports, memory;
	atomic_bool stopping;
	/* Called in each thread first; 0 or -errno. NULL: nothing. */
	int (*enter)(void *context);
	void *enter_context;
	pthread_mutex_t park_lock;
	pthread_cond_t park_end;
	int parked_fd; /* event descriptor: one of them has parked; -1: nobody wants to know */
	/* A vCPU met what a debugger set up (KVM_EXIT_DEBUG). Called in its thread; NULL: none. */
	void (*debug)(void *debugger, struct vcpu *vcpu);
	void *debugger;
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
	atomic_bool held;
	bool parked;	  /* GUARDED_BY(shared->park_lock) */
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

/* Before the first vcpu_create and after the last vcpu_destroy. */
void vcpu_shared_init(struct vcpu_shared *shared);
void vcpu_shared_destroy(struct vcpu_shared *shared);

/* Makes it leave the guest and wait, or never start; lets it go on. Any thread, itself included. */
void vcpu_hold(struct vcpu *vcpu);
void vcpu_release(struct vcpu *vcpu);
bool vcpu_is_parked(struct vcpu *vcpu);

/* Waits for the end of its thread, kicking it; after shared->stopping. */
void vcpu_join(struct vcpu *vcpu);

#endif /* UHYVE_VCPU_H */
