/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uhyve: a thin virtual machine on Linux's KVM interface. The process that calls this library is
 * the hypervisor.
 *
 * Threads: the caller's own (all functions here, host calls), one per vCPU (vcpu.h), and one for a
 * network card (virtio_net.h). They share guest memory, through the channel's protocol (abi/ring.h)
 * and virtqueues (virtqueue.h), and the file descriptors below.
 */
#ifndef UHYVE_UHYVE_H
#define UHYVE_UHYVE_H

#include "error.h"
#include "virtio_net.h"

#include "common/checkpoint_file.h"
#include "common/elf_image.h"
#include "common/frame_io.h"
#include "common/guest_mem.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uhyve_config {
	int image_fd;
	const struct elf_image *image; /* what has been read from it and checked */
	uint64_t memory;	       /* bytes, whole pages */
	unsigned cpus;
	const unsigned *affinity; /* host processors for the vCPUs, in turn; count 0: any */
	unsigned affinity_count;
	bool huge_pages, mergeable;
	bool verbose; /* the kernel logs all */
	/* Called in each vCPU's thread before the guest runs; 0 or -errno. NULL: nothing. */
	int (*vcpu_enter)(void *context);
	void *vcpu_context;
	/* A network card, NULL: none; its thread begins with a call of net->enter. */
	const struct virtio_net_options *net;
	const char *parameters; /* more for the kernel's command line, after a space; NULL: none */
	uint16_t debug_port;	/* a GDB server there, 0: none */
	bool debug_wait;	/* nothing runs before GDB says so */
	bool checkpoints;	/* the machine can be saved; not with a GDB server */
	bool incremental;	/* and remembers which memory has changed since */
	const struct uhyve_restore *restore; /* NULL: the image is booted */
};

/* A checkpoint to go on with. Memory and processors of the configuration are the checkpoint's. */
struct uhyve_restore {
	const struct checkpoint_reader *state;
	int dir_fd;   /* where its memory is */
	bool verify;  /* memory is read and checked before the guest runs */
	bool advance; /* the guest's clock goes on as if it had run all the time */
};

struct uhyve;

/* Has this host's KVM all that a machine needs? Says nothing of its speed. 0, or -errno with ERROR.
 */
int uhyve_check(struct uhyve_error *error);

/* Makes a machine that is ready to run; NULL with *ERROR_CODE (-errno) and ERROR. */
struct uhyve *uhyve_create(const struct uhyve_config *config, int *error_code,
			   struct uhyve_error *error);

/* Starts the vCPUs. 0, or -errno with ERROR: then uhyve_stop. */
int uhyve_start(struct uhyve *uhyve, struct uhyve_error *error);

/* Ends the vCPUs; returns when their threads are gone. */
void uhyve_stop(struct uhyve *uhyve);

/* Readable when the guest has sent or taken something; when a vCPU cannot go on; the kernel's log.
 * Non-blocking; owned by the machine. */
int uhyve_doorbell_fd(const struct uhyve *uhyve);
int uhyve_end_fd(const struct uhyve *uhyve);
int uhyve_log_fd(const struct uhyve *uhyve);

/* Why a vCPU could not go on; NULL: none has stopped. */
const char *uhyve_end_reason(struct uhyve *uhyve);

const struct guest_mem *uhyve_memory(const struct uhyve *uhyve);
uint64_t uhyve_tsc_hz(const struct uhyve *uhyve);

/* The host channel; see host/proxy/isle.h for the contracts. */
ssize_t uhyve_receive(struct uhyve *uhyve, struct frame_reader *reader);
ssize_t uhyve_send(struct uhyve *uhyve, const struct iovec *pieces, int count);
void uhyve_notify(struct uhyve *uhyve, bool lazy);
int uhyve_before_wait(struct uhyve *uhyve, int timeout_ms, bool lazy);
void uhyve_after_wait(struct uhyve *uhyve);

/* With a GDB server: readable when uhyve_debug_serve has something to do; -1: there is none. */
int uhyve_debug_fd(const struct uhyve *uhyve);
void uhyve_debug_serve(struct uhyve *uhyve);
/* The guest has ended, with STATUS. */
void uhyve_debug_exited(struct uhyve *uhyve, unsigned status);

/*
 * Checkpoints. uhyve_hold makes the guest stop, or not start; uhyve_is_held tells whether all of it
 * has. uhyve_held_fd is readable when that may have changed (-1: no checkpoints).
 */
int uhyve_held_fd(const struct uhyve *uhyve);
void uhyve_hold(struct uhyve *uhyve);
bool uhyve_is_held(struct uhyve *uhyve);
void uhyve_release(struct uhyve *uhyve);

/* While it is held: puts its state into STATE, and its memory into file NUMBER in directory DIR_FD,
 * or only what has changed. 0 or -errno. */
int uhyve_save(struct uhyve *uhyve, struct checkpoint_writer *state, int dir_fd, uint64_t number,
	       bool full, struct uhyve_error *error);
/* Does the last one that was saved need memory file NUMBER? */
bool uhyve_needs_memory(const struct uhyve *uhyve, uint64_t number);

/* What a machine needs to go on with STATE: bytes of memory, processors. 0, or -EINVAL. */
int uhyve_checkpoint_size(const struct checkpoint_reader *state, uint64_t *memory, unsigned *cpus,
			  struct uhyve_error *error);

/* Counters, after uhyve_stop. */
struct uhyve_counters {
	uint64_t run_returns;	  /* KVM_RUN calls */
	uint64_t exits;		  /* of the guest, also those that KVM served itself; 0: unknown */
	uint64_t host_interrupts; /* those of them that the host's interrupts caused */
	uint64_t halts, doorbells, interrupts;
	uint64_t memory_touched; /* bytes of guest memory that the host has given */
};
void uhyve_counters(struct uhyve *uhyve, struct uhyve_counters *counters);

#endif /* UHYVE_UHYVE_H */
