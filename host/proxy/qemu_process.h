/* SPDX-License-Identifier: BSD-3-Clause */
/* The QEMU process: its start, and that it never outlives the proxy. */
#ifndef PROXY_QEMU_PROCESS_H
#define PROXY_QEMU_PROCESS_H

#include "qemu_command.h"

#include <sys/types.h>

struct qemu_process {
	pid_t pid;
	int pidfd;
	int channel; /* host channel, non-blocking; -1: QEMU will connect to the listener */
	int log;     /* serial port, non-blocking */
	int control; /* QMP, non-blocking */
	int errors;  /* QEMU's standard error, non-blocking */
};

/* Starts QEMU; it inherits copies of HOST's descriptors. 0, or -errno of what failed (-ENOENT: no
 * such QEMU). */
int qemu_process_start(struct qemu_process *process, const struct qemu_command *command,
		       const struct qemu_host *host);

/* Ends it now. */
void qemu_process_kill(struct qemu_process *process);
/* Waits for its end; its wait status. */
int qemu_process_wait(struct qemu_process *process);
void qemu_process_close(struct qemu_process *process);

#endif /* PROXY_QEMU_PROCESS_H */
