/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine's network needs of this host: ports, a tap device, an address of its own. */
#ifndef PROXY_HOST_NET_H
#define PROXY_HOST_NET_H

#include "net_options.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Can PORT of this host be listened on? 0, or an exit status after a message about PURPOSE. */
int host_net_check_port(struct in_addr address, unsigned port, bool udp, const char *purpose);

/* What whoever runs the machine can do with a tap device. */
struct host_net_wish {
	bool header; /* frames with a header in front that says what is left to do for them */
	bool vhost;
};

struct host_net {
	int tap, vhost; /* descriptors, -1: none */
	bool header;	/* the tap device's frames have one (IFF_VNET_HDR) */
	uint8_t mac[6]; /* of the network card */
};

/* Opens the devices and chooses the station's address. 0 or an exit status after a message. */
int host_net_open(const struct net_options *net, const struct host_net_wish *wish,
		  struct host_net *host);
void host_net_close(struct host_net *host);

/* Creates the file for captured frames, or empties it: its descriptor, or -1 after a message. */
int host_net_open_capture(void);

#endif /* PROXY_HOST_NET_H */
