/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A question to QEMU over its control socket (QMP): where in QEMU's memory does the guest's lie? It
 * is asked when QEMU starts; the answer comes while the guest boots.
 */
#ifndef PROXY_QMP_H
#define PROXY_QMP_H

#include <stdint.h>

/* Asks over socket FD. That QEMU did not take the question shows in the answer. */
void qmp_ask_memory(int fd);

/*
 * Waits for the answer, TIMEOUT_MS at most. *ADDRESS is where guest-physical address 0 lies in
 * QEMU's memory. 0, or -errno when there is no answer or none that can be understood.
 */
int qmp_wait_memory(int fd, int timeout_ms, uint64_t *address);

#endif /* PROXY_QMP_H */
