/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The user-mode network of isle uhyve: libslirp, in a process of its own.
 *
 * libslirp reads hostile packets and needs sockets; the proxy holds the guest's memory and files.
 * So a child process has the one, and the proxy the other. Frames go through a pair of packet
 * sockets, one frame a packet. The child executes proxy-net (host/user_net), which lies beside the
 * proxy, when the first frame comes, as most programs never send one. It ends when the proxy does.
 */
#ifndef PROXY_USER_NET_H
#define PROXY_USER_NET_H

#include "net_options.h"

#include <stdbool.h>
#include <sys/types.h>

#define USER_NET_FD 3 /* the child's end of the pair */

struct user_net {
	int fd;	   /* non-blocking; -1: none */
	pid_t pid; /* the child; 0: none */
};

/* Starts the child; before the proxy makes threads or gives anything up. Where ports are published
 * it returns when they are open. SANDBOX: the child is confined. 0, or an exit status after a
 * message. */
int user_net_start(struct user_net *user, const struct net_options *net, bool sandbox);
void user_net_stop(struct user_net *user);

#endif /* PROXY_USER_NET_H */
