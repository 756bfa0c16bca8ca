/* SPDX-License-Identifier: BSD-3-Clause */
/* libslirp between a packet socket, one frame a packet, and the sockets of this host. */
#ifndef USER_NET_NETWORK_H
#define USER_NET_NETWORK_H

#include "net_options.h"

#include <stdbool.h>

/* Makes the network for the frames of FD. With published ports (NET) it opens them, and sends one
 * byte through FD then. False after a message. */
bool network_open(int fd, const struct net_options *net);

/* Until the other end of the socket is closed. */
void network_serve(void);

#endif /* USER_NET_NETWORK_H */
