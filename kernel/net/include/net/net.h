/* SPDX-License-Identifier: BSD-3-Clause */
/* The stack's start. Nothing runs, and no card is looked for, before the first socket. */
#ifndef NET_NET_H
#define NET_NET_H

#include <lib/types.h>

/* Once, before the application. CMDLINE stays the caller's and must not change. */
void net_setup(const char *cmdline);

/* Writes resolv.conf(5) with the name servers of the network: its length, at most SIZE - 1. Starts
 * the stack, and waits for the network's answer as a connection would. */
size_t net_resolv_conf(char *text, size_t size);

#endif /* NET_NET_H */
