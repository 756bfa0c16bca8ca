/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the proxy gives up before it serves a guest that runs in its own process (isle uhyve):
 * docs/security.md. A guest that takes over a thread has the calls of that thread's role, the
 * directories that it may use anyway, and nothing else.
 */
#ifndef PROXY_SANDBOX_H
#define PROXY_SANDBOX_H

#include "common/mount_table.h"

#include <stdbool.h>

/* The main thread, and the helpers that it starts later: capabilities, directories (those of
 * MOUNTS), calls. DEBUG: GDB may come. 0 or -errno, and *WHAT failed. Cannot be undone. */
int sandbox_enter(const struct mount_table *mounts, bool debug, const char **what);

/* A vCPU's thread: fewer calls, no directories. */
int sandbox_enter_vcpu(bool debug);

#endif /* PROXY_SANDBOX_H */
