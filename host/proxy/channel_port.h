/* SPDX-License-Identifier: BSD-3-Clause */
/* The host channel over a TCP port (HERMIT_PORT), for a QEMU that cannot inherit a descriptor. */
#ifndef PROXY_CHANNEL_PORT_H
#define PROXY_CHANNEL_PORT_H

#include "options.h"
#include "qemu_command.h"

/* When a port was asked for, listens on it on the loopback address, and makes up the token by which
 * the guest shows that it is ours: fills in HOST's listener (-1: no port) and token. 0 or an exit
 * status after a message. */
int channel_port_open(const struct options *options, struct qemu_host *host);

#endif /* PROXY_CHANNEL_PORT_H */
