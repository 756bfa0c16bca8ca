/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Debugging a machine: a GDB server on a TCP port of the loopback interface, one session at a time.
 *
 * All but the reports of stops happens in the main thread, which calls debug_serve when debug_fd is
 * readable; nothing blocks. The guest's memory and the vCPUs' registers are only touched while all
 * vCPUs are parked, and so is the table of breakpoints, which vCPUs read while they run.
 *
 * A vCPU that stops by itself notes why and holds all. `lock` makes that one step, as is the
 * release of all by the main thread: a vCPU that stops at once does not lose the hold of one that
 * is released only then.
 */
#ifndef UHYVE_DEBUG_H
#define UHYVE_DEBUG_H

#include "error.h"
#include "vcpu.h"

#include "common/elf_image.h"
#include "common/guest_mem.h"

#include <stdbool.h>
#include <stdint.h>

struct debug;

struct debug_config {
	uint16_t port;
	struct vcpu *vcpus; /* made, not started */
	unsigned vcpu_count;
	struct vcpu_shared *shared;
	const struct guest_mem *mem;
	const struct elf_image *image; /* copied */
	uint64_t first_tables;	       /* page tables that vCPU 0 starts with */
};

/* Listens. NULL with *CODE (-errno) and ERROR. */
struct debug *debug_create(const struct debug_config *config, int *code, struct uhyve_error *error);

/* The vCPUs' threads are gone. */
void debug_destroy(struct debug *debug);

/* Holds all vCPUs, which have not started, for GDB to release. */
void debug_wait(struct debug *debug);

/* Readable when debug_serve has something to do. */
int debug_fd(const struct debug *debug);
void debug_serve(struct debug *debug);

/* The guest has ended with STATUS: GDB is told. */
void debug_exited(struct debug *debug, unsigned status);

#endif /* UHYVE_DEBUG_H */
