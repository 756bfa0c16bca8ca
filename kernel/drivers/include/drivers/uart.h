/* SPDX-License-Identifier: BSD-3-Clause */
/* 16550 serial port as the kernel's console (output only, polled). */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include <lib/types.h>

/* Sets the port at I/O address BASE up and makes it the log's console. */
void uart_init(uint16_t base);

#endif /* DRIVERS_UART_H */
