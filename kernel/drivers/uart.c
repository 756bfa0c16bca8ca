/* SPDX-License-Identifier: BSD-3-Clause */
/* 16550 UART (National PC16550D data sheet). The log's lock keeps callers apart. */
#include <drivers/uart.h>

#include <arch/cpu.h>
#include <arch/io.h>
#include <core/log.h>
#include <lib/compiler.h>

#define UART_DATA	   0
#define UART_INTERRUPTS	   1
#define UART_FIFO	   2
#define UART_LINE	   3
#define UART_MODEM	   4
#define UART_STATUS	   5
#define UART_FIFO_ON	   0x07 /* enable, clear both */
#define UART_LINE_8N1	   0x03
#define UART_MODEM_READY   0x03 /* DTR, RTS */
#define UART_STATUS_EMPTY  0x20
#define UART_FIFO_DEPTH	   16u
#define UART_STATUS_NO_DEV 0xff
#define UART_POLLS_MAX	   100000u

static uint16_t port;

static void put(char c, unsigned *room)
{
	if (!*room) {
		unsigned polls = 0;

		while (!(arch_io_in8(port + UART_STATUS) & UART_STATUS_EMPTY) &&
		       ++polls < UART_POLLS_MAX)
			arch_cpu_relax();
		*room = UART_FIFO_DEPTH;
	}
	arch_io_out8(port + UART_DATA, (uint8_t)c);
	--*room;
}

static void uart_write(const char *text, size_t length)
{
	unsigned room = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			put('\r', &room);
		put(text[i], &room);
	}
}

void uart_init(uint16_t base)
{
	if (arch_io_in8(base + UART_STATUS) == UART_STATUS_NO_DEV)
		return;
	port = base;
	arch_io_out8(port + UART_INTERRUPTS, 0);
	arch_io_out8(port + UART_FIFO, UART_FIFO_ON);
	arch_io_out8(port + UART_LINE, UART_LINE_8N1);
	arch_io_out8(port + UART_MODEM, UART_MODEM_READY);
	log_set_console(uart_write);
}
