/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the proxy gives up before it serves a guest that runs in its own process (isle uhyve):
 * docs/security.md. A guest that takes over a thread has the calls of that thread's role, the
 * directories that it may use anyway, and nothing else.
 */
#ifndef PROXY_SANDBOX_H
#define PROXY_SANDBOX_H

#include "sandbox_filter.h"

#include "common/mount_table.h"

/* The main thread, and the helpers that it starts later: capabilities, directories (those of
 * MOUNTS; CHECKPOINT_FD, unless it is -1), calls. MORE: SANDBOX_*. 0 or -errno, and *WHAT failed.
 * Cannot be undone. */
int sandbox_enter(const struct mount_table *mounts, int checkpoint_fd, unsigned more,
		  const char **what);

/* Another thread, of ROLE: fewer calls, no directories. */
int sandbox_enter_thread(enum sandbox_role role, unsigned more);

/* The process of the user-mode network: sockets, the list of name servers, nothing else. 0 or
 * -errno, and *WHAT failed. */
int sandbox_enter_user_net(const char **what);

#endif /* PROXY_SANDBOX_H */
