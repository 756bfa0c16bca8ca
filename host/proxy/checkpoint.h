/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checkpoints of a running machine, and a machine that comes from one (docs/checkpoint.md).
 *
 * A checkpoint is due when its time has come or the guest has asked. It is made in steps of the
 * main loop: nothing is held while a write to a stream is half done; then the vCPUs are held, and
 * once they all are, the main thread, which serves all host calls, is between two of them: so
 * everything stands still, and is saved.
 */
#ifndef PROXY_CHECKPOINT_H
#define PROXY_CHECKPOINT_H

#include "checkpoint_options.h"
#include "checkpoint_place.h"

#include "common/checkpoint_file.h"
#include "uhyve/uhyve.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;

struct checkpointer {
	const struct checkpoint_options *options;
	struct uhyve *uhyve;
	struct checkpoint_place place;
	/* Saving. */
	int dir_fd;	 /* -1: the machine is not saved */
	uint64_t number; /* of the next file of memory */
	uint64_t due_ns; /* monotonic; 0: no time is set */
	bool holding;
	struct uhyve_error complaint; /* what the user has been told already */
	/* Restoring. */
	int restore_fd;	  /* the directory, -1: none */
	const void *data; /* of the state file, owned */
	struct checkpoint_reader state;
};

/*
 * --restore: opens and checks the checkpoint and puts image, memory and processors into OPTIONS.
 * 0, or an exit status after a message.
 */
int checkpointer_open(struct checkpointer *checkpointer, struct options *options);
/* Image and directories are known: are they the checkpoint's? And the directory to save to. */
int checkpointer_prepare(struct checkpointer *checkpointer, const struct options *options,
			 int image_fd, const char *cwd);
/* What the isle needs to make the machine; false: it boots. */
bool checkpointer_restore(const struct checkpointer *checkpointer, struct uhyve_restore *restore);
/* The machine has been made (and is held when it is restored): with it, saving can begin. */
int checkpointer_start(struct checkpointer *checkpointer, struct uhyve *uhyve);

/* The main loop begins: a machine that is restored goes on. 0, or an exit status after a message.
 */
int checkpointer_resume(struct checkpointer *checkpointer, struct machine *machine);
/* The next one is due an interval from now: the guest has that time, however long saving takes. */
void checkpointer_start_clock(struct checkpointer *checkpointer);
/* What the main loop waits for: readable when a step is due, and how long (-1: for ever). */
int checkpointer_fd(const struct checkpointer *checkpointer);
int checkpointer_timeout_ms(const struct checkpointer *checkpointer, const struct machine *machine,
			    uint64_t now_ns);
void checkpointer_step(struct checkpointer *checkpointer, struct machine *machine, uint64_t now_ns);

#endif /* PROXY_CHECKPOINT_H */
