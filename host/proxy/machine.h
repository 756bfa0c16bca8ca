/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A running machine: one loop that moves bytes between the isle, the host call server, the user's
 * terminal and the signals, until the guest or the user ends it. Nothing in it blocks but poll().
 */
#ifndef PROXY_MACHINE_H
#define PROXY_MACHINE_H

#include "common/frame_io.h"
#include "common/hostcall_server.h"
#include "isle.h"
#include "log_relay.h"

#include <stdbool.h>
#include <stdint.h>

struct machine {
	struct isle isle;
	struct hostcall_server server;
	struct frame_reader reader;
	struct frame_writer writer;
	struct log_relay log, errors;
	int signal_fd;
	struct checkpointer *checkpoints; /* NULL: the isle has none */
	bool patient; /* somebody may hold the guest with a debugger: no time limits */

	bool channel_open;
	bool deaf;		 /* the guest takes no more replies */
	bool broken;		 /* the guest broke the protocol */
	bool ended;		 /* the isle is gone */
	bool failed;		 /* the proxy has: the user has been told */
	unsigned turn;		 /* frames that may still be served before others have their turn */
	bool lazy;		 /* requests without hurry have come since the last wait */
	unsigned interrupts;	 /* SIGINTs so far */
	int killed_by;		 /* the user ended the machine with this signal */
	bool timed_out;		 /* the guest said nothing in time */
	uint64_t deadline_ns;	 /* 0: none */
	bool deadline_for_frame; /* the deadline is for the rest of a frame */
	uint8_t *out;		 /* reply payload under construction, HC_DATA_MAX bytes */
};

/* Serves MACHINE (isle started, server and signals ready) to its end; the proxy's exit status. */
int machine_run(struct machine *machine);

#endif /* PROXY_MACHINE_H */
