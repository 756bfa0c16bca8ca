/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine's network needs of this host: ports, a tap device, an address of its own. */
#ifndef PROXY_HOST_NET_H
#define PROXY_HOST_NET_H

#include "options.h"
#include "qemu_command.h"

/* Can PORT of this host be listened on? 0, or an exit status after a message about PURPOSE. */
int host_net_check_port(struct in_addr address, unsigned port, bool udp, const char *purpose);

/* Opens the devices and chooses the station's address: fills in the network's part of HOST, in
 * which `kvm` is set. 0 or an exit status after a message. */
int host_net_open(const struct options *options, struct qemu_host *host);
void host_net_close(struct qemu_host *host);

#endif /* PROXY_HOST_NET_H */
