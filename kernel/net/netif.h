/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface of the machine's card. */
#ifndef NET_NETIF_H
#define NET_NETIF_H

#include "stack.h"

struct netif;

bool netif_is_loopback(const struct netif *netif);
/* Linux's name: "lo", "eth0". */
void netif_name_of(const struct netif *netif, char *name, size_t size);

/* Is an address still being obtained? */
bool netif_configuring(void) REQUIRES(net_core);

/* Takes in what the card has received, from the network task. Was there anything? */
bool netif_serve(void) REQUIRES(net_core);

#endif /* NET_NETIF_H */
