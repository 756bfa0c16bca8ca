/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One session of GDB's remote protocol (GDB manual, appendix E), all-stop: what GDB says becomes
 * calls of a target's operations, and a stop of the target becomes what GDB is told. CPUs are its
 * threads, numbered from 1 for GDB and from 0 for the target.
 *
 * It knows no sockets, no KVM and no processor. All that GDB sends is hostile. No locks: one
 * thread.
 */
#ifndef UHYVE_GDB_SERVER_H
#define UHYVE_GDB_SERVER_H

#include "gdb_packet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GDB_CPUS_MAX	 512u
#define GDB_REGISTER_MAX 64u /* bytes */

enum gdb_breakpoint { /* the protocol's numbers: Z0 to Z4 */
		      GDB_BREAK_SOFTWARE,
		      GDB_BREAK_HARDWARE,
		      GDB_WATCH_WRITE,
		      GDB_WATCH_READ,
		      GDB_WATCH_ACCESS,
		      GDB_BREAKPOINTS,
};

enum gdb_action {
	GDB_STAY, /* do not run */
	GDB_CONTINUE,
	GDB_STEP, /* one instruction */
};

/* Why a target stopped. */
struct gdb_stop {
	unsigned cpu;
	enum gdb_stop_reason {
		GDB_STOPPED_BY_REQUEST,
		GDB_STOPPED_AFTER_STEP,
		GDB_STOPPED_AT_BREAKPOINT, /* KIND */
	} reason;
	enum gdb_breakpoint kind;
	uint64_t address; /* of a watchpoint */
};

/* All but SEND and STOP are called while the target is stopped. Errors are -errno. */
struct gdb_target {
	void *context;
	unsigned cpu_count;
	unsigned register_count;
	/* What the registers are: a target description (GDB manual, appendix G). */
	const char *description;

	/* To GDB; all of it, or the connection is given up. */
	void (*send)(void *context, const char *data, size_t size);
	/* The register's size, or -EIO: not to be had. DATA has GDB_REGISTER_MAX bytes. */
	int (*register_read)(void *context, unsigned cpu, unsigned number, uint8_t *data);
	/* SIZE is the register's; -EINVAL: it is not, -EPERM: cannot be changed. */
	int (*register_write)(void *context, unsigned cpu, unsigned number, const uint8_t *data,
			      size_t size);
	/* Memory as CPU sees it. How many bytes could be read, or -EFAULT. */
	ssize_t (*memory_read)(void *context, unsigned cpu, uint64_t address, void *data,
			       size_t size);
	int (*memory_write)(void *context, unsigned cpu, uint64_t address, const void *data,
			    size_t size);
	/* -ENOTSUP: not this kind; -ENOSPC: too many; -EFAULT: no such memory. A breakpoint that is
	 * set or cleared already is no error. */
	int (*breakpoint_set)(void *context, unsigned cpu, enum gdb_breakpoint kind,
			      uint64_t address, uint64_t length);
	int (*breakpoint_clear)(void *context, unsigned cpu, enum gdb_breakpoint kind,
				uint64_t address, uint64_t length);
	/* ACTIONS: one for each CPU. Then gdb_server_stopped tells when it has stopped. */
	void (*resume)(void *context, const enum gdb_action *actions);
	/* Asks it to stop; it may do so by itself before. */
	void (*stop)(void *context);
	/* GDB goes (the target is to run on, without breakpoints), or ends the target. */
	void (*detach)(void *context);
	void (*kill)(void *context);
};

struct gdb_server {
	const struct gdb_target *target;
	bool running, no_ack, ended;
	bool reports_swbreak, reports_hwbreak; /* GDB knows these words */
	unsigned cpu;			       /* for registers and memory */
	struct gdb_stop stop;		       /* while it does not run */
	enum gdb_action actions[GDB_CPUS_MAX];
	struct gdb_reader reader;
	struct gdb_frame frame; /* the last one, for GDB to ask again */
};

/* GDB has connected, the target has stopped as STOP says. */
void gdb_server_open(struct gdb_server *server, const struct gdb_target *target,
		     const struct gdb_stop *stop);

/* GDB has sent this. False: GDB has said that it goes, or ended the target. */
bool gdb_server_receive(struct gdb_server *server, const uint8_t *bytes, size_t count);

/* The target has stopped after a resume. */
void gdb_server_stopped(struct gdb_server *server, const struct gdb_stop *stop);

/* The target has ended, with exit STATUS. */
void gdb_server_exited(struct gdb_server *server, unsigned status);

#endif /* UHYVE_GDB_SERVER_H */
