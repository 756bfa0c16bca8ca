/* SPDX-License-Identifier: BSD-3-Clause */
/* A console of one I/O port that takes bytes: a string of them in one instruction. */
#ifndef DRIVERS_PORT_CONSOLE_H
#define DRIVERS_PORT_CONSOLE_H

#include <lib/types.h>

/* Makes I/O port PORT the log's console. */
void port_console_init(uint16_t port);

#endif /* DRIVERS_PORT_CONSOLE_H */
