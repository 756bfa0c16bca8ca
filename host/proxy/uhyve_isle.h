/* SPDX-License-Identifier: BSD-3-Clause */
/* Isle "uhyve": the guest runs in this process, on KVM. */
#ifndef PROXY_UHYVE_ISLE_H
#define PROXY_UHYVE_ISLE_H

#include "checkpoint.h"
#include "isle.h"
#include "options.h"
#include "uhyve_net.h"

#include "common/elf_image.h"
#include "common/mount_table.h"
#include "uhyve/uhyve.h"

struct uhyve_isle {
	const struct options *options;
	struct uhyve *machine;
	struct uhyve_net net;
	uint64_t start_ns, ready_ns; /* monotonic: before the machine was made, when it ran */
};

/* Makes and starts the machine, or one of a checkpoint, which is held, and describes it in ISLE. 0,
 * or an exit status after a message. */
int uhyve_isle_start(struct uhyve_isle *uhyve, const struct options *options, int image_fd,
		     const struct elf_image *image, struct checkpointer *checkpointer,
		     struct isle *isle);

/* Gives up what the proxy does not need any more; files are served from MOUNTS, checkpoints go to
 * CHECKPOINT_FD (-1: none). 0, or an exit status after a message. */
int uhyve_isle_confine(const struct options *options, const struct mount_table *mounts,
		       int checkpoint_fd);

#endif /* PROXY_UHYVE_ISLE_H */
