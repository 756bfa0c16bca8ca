/* SPDX-License-Identifier: BSD-3-Clause */
/* What uhyve*.c share: the machine. */
#ifndef UHYVE_UHYVE_PRIVATE_H
#define UHYVE_UHYVE_PRIVATE_H

#include "channel.h"
#include "console.h"
#include "cpu.h"
#include "debug.h"
#include "memory_image.h"
#include "uhyve.h"
#include "vcpu.h"
#include "vm.h"

#include <pthread.h>

struct uhyve {
	struct vm vm;
	struct guest_mem mem;
	struct channel channel;
	struct console console;
	struct vcpu_shared shared;
	struct vcpu *vcpus;
	struct debug *debug;	   /* NULL: none */
	struct virtio_net *net;	   /* NULL: none */
	unsigned vcpu_count, made; /* wanted; created so far */
	const unsigned *affinity;
	unsigned affinity_count;
	uint64_t tsc_hz;
	struct kvm_cpuid2 *cpuid;   /* what the guest is shown; owned */
	struct memory_image *image; /* NULL: no checkpoints */
	int parked_fd;		    /* a vCPU has parked; -1: no checkpoints */
	int doorbell_fd, irq_fd, end_fd;
	int log_read_fd, log_write_fd;
	uint64_t doorbells, interrupts;

	pthread_mutex_t end_lock;
	char end_reason[96]; /* GUARDED_BY(end_lock); "": none */
};

/*
 * Checkpoints (uhyve_checkpoint.c). Before memory is given to KVM: with checkpoints the machine's
 * image of it, and with a checkpoint to restore its contents and the channel.
 */
int uhyve_prepare_memory(struct uhyve *uhyve, const struct uhyve_config *config,
			 struct uhyve_error *error);
/* vCPUs are there: can they be saved? With a checkpoint to restore: all their state. */
int uhyve_prepare_vcpus(struct uhyve *uhyve, const struct uhyve_config *config,
			struct uhyve_error *error);
void uhyve_checkpoint_destroy(struct uhyve *uhyve);

#endif /* UHYVE_UHYVE_PRIVATE_H */
