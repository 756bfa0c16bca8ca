/* SPDX-License-Identifier: BSD-3-Clause */
/* Stand-ins for what kernel/net stands on: one thread, which is also the network task. */
#ifndef FUZZ_NET_HOST_H
#define FUZZ_NET_HOST_H

#include <lib/types.h>
#include <mm/heap.h>

extern uint64_t host_now_ns;

/* Runs the network task until it sleeps. */
void host_run_task(void);

#endif /* FUZZ_NET_HOST_H */
