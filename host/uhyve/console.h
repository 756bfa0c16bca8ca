/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's console (BOOT_CONSOLE_PORT in abi/boot_info.h): a write to its port names a text in
 * guest memory, which goes to a pipe. One exit for each text. Runs in vCPU threads, several at a
 * time: texts of up to PIPE_BUF bytes stay whole in the pipe.
 */
#ifndef UHYVE_CONSOLE_H
#define UHYVE_CONSOLE_H

#include "device_table.h"

#include "common/guest_mem.h"

#include <stdatomic.h>

struct console {
	const struct guest_mem *mem;
	int fd;			      /* blocking; who reads it reads in the end */
	const atomic_bool *is_ending; /* a signal comes as well: nothing more is written */
};

/* The device handler of the port; DEVICE is a struct console. */
void console_access(void *device, const struct device_access *access);

#endif /* UHYVE_CONSOLE_H */
