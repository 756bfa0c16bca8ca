/* SPDX-License-Identifier: BSD-3-Clause */
/* See drivers/port_console.h: a line of the log is one exit. The log's lock keeps callers apart. */
#include <drivers/port_console.h>

#include <arch/io.h>
#include <core/log.h>

static uint16_t console_port;

static void port_write(const char *text, size_t length)
{
	arch_io_out8_string(console_port, text, length);
}

void port_console_init(uint16_t port)
{
	console_port = port;
	log_set_console(port_write);
}
