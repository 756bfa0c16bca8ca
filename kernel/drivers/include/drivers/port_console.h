/* SPDX-License-Identifier: BSD-3-Clause */
/* The console of uhyve (BOOT_CONSOLE_PORT in abi/boot_info.h): a line of the log is one exit. */
#ifndef DRIVERS_PORT_CONSOLE_H
#define DRIVERS_PORT_CONSOLE_H

#include <lib/types.h>

/* Makes I/O port PORT the log's console. */
void port_console_init(uint16_t port);

#endif /* DRIVERS_PORT_CONSOLE_H */
