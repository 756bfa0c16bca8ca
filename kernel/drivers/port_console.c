/* SPDX-License-Identifier: BSD-3-Clause */
/* See drivers/port_console.h. */
#include <drivers/port_console.h>

#include <abi/boot_info.h>
#include <arch/io.h>
#include <arch/mmu.h>
#include <core/log.h>
#include <lib/string.h>

static uint16_t console_port;

/* The log's lock keeps callers apart; without it only a panic calls, which may spoil a line. */
static struct boot_console_text console_text;

static void port_write(const char *text, size_t length)
{
	while (length) {
		uint32_t part = (uint32_t)MIN(length, sizeof(console_text.text));

		memcpy(console_text.text, text, part);
		console_text.length = part;
		arch_io_out32(console_port,
			      (uint32_t)((uintptr_t)&console_text - ARCH_KERNEL_BASE));
		text += part;
		length -= part;
	}
}

void port_console_init(uint16_t port)
{
	console_port = port;
	log_set_console(port_write);
}
