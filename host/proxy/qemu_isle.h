/* SPDX-License-Identifier: BSD-3-Clause */
/* Isle "qemu": the guest is a QEMU process. */
#ifndef PROXY_QEMU_ISLE_H
#define PROXY_QEMU_ISLE_H

#include "clock_rate.h"
#include "isle.h"
#include "options.h"
#include "qemu_process.h"

struct qemu_isle {
	const struct options *options;
	struct qemu_process process;
	struct isle *isle;
	struct qemu_host host;
	struct clock_sample start;
	struct guest_mem mem; /* once the guest has said HC_HELLO */
	int wait_status;
};

/* Starts QEMU and describes it in ISLE. 0, or an exit status after a message. */
int qemu_isle_start(struct qemu_isle *qemu, const struct options *options, struct isle *isle);

#endif /* PROXY_QEMU_ISLE_H */
