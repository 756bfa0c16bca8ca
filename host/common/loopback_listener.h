/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A TCP listener that only this machine reaches.
 */
#ifndef HOST_LOOPBACK_LISTENER_H
#define HOST_LOOPBACK_LISTENER_H

#include <stdint.h>

/*
 * Listens on PORT of 127.0.0.1 for up to BACKLOG connections that wait. The descriptor does not
 * block and is closed on exec; it is the caller's. Returns it, or a negated error number.
 */
int loopback_listen(uint16_t port, int backlog);

#endif
