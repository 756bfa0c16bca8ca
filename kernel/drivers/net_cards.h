/* SPDX-License-Identifier: BSD-3-Clause */
/* The drivers of network cards. Each function looks for its card and makes it ready to be started:
 * 0 and *DEVICE, -ENODEV: there is none, or what went wrong. Private to this folder. */
#ifndef DRIVERS_NET_CARDS_H
#define DRIVERS_NET_CARDS_H

#include <drivers/net.h>

must_check int virtio_net_find(const char *cmdline, struct net_device **device);
must_check int e1000_find(struct net_device **device);
must_check int rtl8139_find(struct net_device **device);

#endif /* DRIVERS_NET_CARDS_H */
