/* SPDX-License-Identifier: BSD-3-Clause */
/* The stack's start. Nothing runs, and no card is looked for, before the first socket. */
#ifndef NET_NET_H
#define NET_NET_H

#include <lib/types.h>

/* Once, before the application. CMDLINE stays the caller's and must not change. */
void net_setup(const char *cmdline);

/* The process ends: its connections end as close(2) would end them, and the peers have
 * acknowledged what was sent, or take nothing more. Task context, blocks up to 30 seconds. */
void net_exit(void);

/* Writes resolv.conf(5) with the name servers of the network: its length, at most SIZE - 1. Starts
 * the stack, and waits for the network's answer as a connection would. */
size_t net_resolv_conf(char *text, size_t size);

/* Writes what /proc/net/NAME shows, line by line, through PUT; nothing when there is no such table.
 * PUT may allocate memory, and calls nothing of this folder. Task context, may block. */
void net_table(const char *name, void (*put)(void *context, const char *line, size_t size),
	       void *context);

#endif /* NET_NET_H */
