/* SPDX-License-Identifier: BSD-3-Clause */
/* The stack's start. Nothing runs, and no card is looked for, before the first socket. */
#ifndef NET_NET_H
#define NET_NET_H

/* Once, before the application. CMDLINE stays the caller's and must not change. */
void net_setup(const char *cmdline);

#endif /* NET_NET_H */
