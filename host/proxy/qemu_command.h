/* SPDX-License-Identifier: BSD-3-Clause */
/* QEMU's command line for a guest: pure text, nothing is started here. */
#ifndef PROXY_QEMU_COMMAND_H
#define PROXY_QEMU_COMMAND_H

#include "options.h"

#include <stdio.h>

/* Descriptors that QEMU inherits, by these numbers. */
enum qemu_fd {
	QEMU_FD_CHANNEL = 3, /* host channel: a stream socket */
	QEMU_FD_LOG,	     /* first serial port: a stream socket */
	QEMU_FD_CONTROL,     /* QMP: a stream socket */
	QEMU_FD_TAP,	     /* the tap device, if there is one */
	QEMU_FD_VHOST,	     /* the host kernel's network accelerator, likewise */
	QEMU_FD_END
};

#define QEMU_ARGS_MAX 128

struct qemu_command {
	char *argv[QEMU_ARGS_MAX + 1]; /* owned; NULL at the end */
	int argc;
	char *tunables; /* owned: "GLIBC_TUNABLES=..." for QEMU's C library */
	bool failed;	/* out of memory */
};

/* How the proxy has found its surroundings. */
struct qemu_host {
	bool kvm;	/* use hardware virtualisation */
	int listener;	/* where QEMU is to connect the host channel to; -1: a socket pair does */
	int tap, vhost; /* descriptors for QEMU_FD_TAP and QEMU_FD_VHOST, -1: none */
	uint8_t mac[6]; /* of the network card */
	char token[33]; /* with a listener: shows that it is our guest that speaks */
};

/* Fills COMMAND for the image at path IMAGE. 0 or -ENOMEM. */
int qemu_command_build(struct qemu_command *command, const struct options *options,
		       const char *image, const struct qemu_host *host);
void qemu_command_destroy(struct qemu_command *command);

/* Prints it so that a shell understands it. */
void qemu_command_print(const struct qemu_command *command, FILE *out);

/* How many of SIZE bytes of memory lie below 4 GiB in this machine; the rest starts at 4 GiB. */
uint64_t qemu_memory_below_4g(enum option_machine machine, uint64_t size);

#endif /* PROXY_QEMU_COMMAND_H */
