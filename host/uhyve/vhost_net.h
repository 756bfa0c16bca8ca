/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost-net: the host's kernel moves frames between a tap device and the guest's queues (Linux,
 * include/uapi/linux/vhost.h). It checks each address against the table of memory that it is
 * given, which holds the guest's memory and nothing else.
 */
#ifndef UHYVE_VHOST_NET_H
#define UHYVE_VHOST_NET_H

#include "virtqueue.h"

#include "common/guest_mem.h"

#include <stdbool.h>
#include <stdint.h>

#define VHOST_NET_QUEUES 2u

struct vhost_net {
	int fd;			       /* -1: none */
	int call_fd[VHOST_NET_QUEUES]; /* event descriptors: it has used something */
	uint64_t features;	       /* that it can do */
};

/* Prepares FD, an open /dev/vhost-net that stays the caller's, for MEM; -1, or one that lacks what
 * is needed: vhost->fd is -1 afterwards. */
void vhost_net_init(struct vhost_net *vhost, int fd, const struct guest_mem *mem);
void vhost_net_destroy(struct vhost_net *vhost);

/* Features of a card (FEATURES) that depend on who serves the queues, and that it lacks. */
uint64_t vhost_net_lacks(const struct vhost_net *vhost, uint64_t features);

/* Serves QUEUES, notified through KICK_FDS, with the tap device TAP_FD. 0 or -errno: then nobody
 * serves them. Stopping leaves its indices in QUEUES. */
int vhost_net_start(struct vhost_net *vhost, const struct virtqueue *queues, const int *kick_fds,
		    int tap_fd, uint64_t features);
void vhost_net_stop(struct vhost_net *vhost, struct virtqueue *queues);

#endif /* UHYVE_VHOST_NET_H */
