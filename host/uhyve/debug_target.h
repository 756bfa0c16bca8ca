/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of debug.h: what GDB does to the machine. */
#ifndef UHYVE_DEBUG_TARGET_H
#define UHYVE_DEBUG_TARGET_H

#include "cpu_debug.h"
#include "cpu_registers.h"
#include "debug.h"
#include "gdb_server.h"

#define DEBUG_BREAKPOINTS_MAX 256u

/* A breakpoint that is an instruction in guest memory. */
struct debug_breakpoint {
	bool used;
	enum gdb_breakpoint kind; /* as GDB called it */
	uint64_t address;
	uint64_t gpa[CPU_BREAKPOINT_SIZE_MAX]; /* of each byte */
	uint8_t original[CPU_BREAKPOINT_SIZE_MAX];
};

struct debug_stop {
	bool pending;
	struct gdb_stop stop;
};

struct debug {
	struct debug_config config;
	struct elf_image image;
	struct cpu_breakpoint instruction;

	/* While all vCPUs are parked, the main thread's; else nobody changes it. */
	unsigned breakpoint_count;
	struct debug_breakpoint breakpoints[DEBUG_BREAKPOINTS_MAX];
	struct cpu_watch watches[CPU_WATCHES];
	enum gdb_breakpoint watch_kinds[CPU_WATCHES]; /* as GDB called them */

	pthread_mutex_t lock;
	struct debug_stop *stops; /* GUARDED_BY(lock): one for each vCPU */

	enum { DEBUG_RUNS, DEBUG_STOPPED } state;
	int epoll_fd, listen_fd, parked_fd, connection_fd;
	bool open;     /* the session has begun */
	bool detached; /* the connection broke off while the guest ran: it is held to be let go */
	struct gdb_target target;
	struct gdb_server server;

	/* The registers of one vCPU, as long as all are parked. Last: struct kvm_xsave has an open
	 * end. */
	bool registers_valid;
	unsigned registers_cpu;
	struct cpu_registers registers;
};

/* Fills in debug->target, but for what is the connection's. */
void debug_target_init(struct debug *debug);

/* A vCPU met something, in its thread: vcpu_shared's handler. */
void debug_event(void *context, struct vcpu *vcpu);

/* All vCPUs leave the guest; more comes with parked_fd. */
void debug_hold_all(struct debug *debug);

/* Takes the breakpoints out; and lets everything run. All vCPUs are parked. */
void debug_forget(struct debug *debug);
void debug_let_go(struct debug *debug);

#endif /* UHYVE_DEBUG_TARGET_H */
