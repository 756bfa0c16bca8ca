/* SPDX-License-Identifier: BSD-3-Clause */
/* The network of isle uhyve: what the options say, as a back end for the machine's card. */
#ifndef PROXY_UHYVE_NET_H
#define PROXY_UHYVE_NET_H

#include "host_net.h"
#include "options.h"
#include "user_net.h"

#include "uhyve/virtio_net.h"

struct uhyve_net {
	struct host_net host;
	struct user_net user;
	int capture_fd;
	struct virtio_net_options card;
	char parameters[NET_PARAMETERS_SIZE];
};

/* Before there are threads. 0, or an exit status after a message. */
int uhyve_net_open(struct uhyve_net *net, const struct options *options);
/* The card is not used any more. */
void uhyve_net_close(struct uhyve_net *net);

/* The card, for struct uhyve_config; NULL: none is wanted. */
const struct virtio_net_options *uhyve_net_card(const struct uhyve_net *net);

#endif /* PROXY_UHYVE_NET_H */
