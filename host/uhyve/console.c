/* SPDX-License-Identifier: BSD-3-Clause */
/* See console.h. */
#include "console.h"

#include <abi/boot_info.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

_Static_assert(BOOT_CONSOLE_TEXT_MAX <= PIPE_BUF, "texts stay whole");

static void write_text(const struct console *console, const char *text, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t written = write(console->fd, text + done, length - done);

		if (written < 0 && errno == EINTR && !atomic_load(console->is_ending))
			continue;
		if (written <= 0)
			return;
		done += (size_t)written;
	}
}

void console_access(void *device, const struct device_access *access)
{
	const struct console *console = device;
	const struct boot_console_text *text;
	uint32_t address, length;

	if (!access->write) {
		memset(access->data, 0xff, (size_t)access->size * access->count);
		return;
	}
	if (access->offset || access->size != sizeof(address) || access->count != 1)
		return;
	memcpy(&address, access->data, sizeof(address));
	text = guest_mem_at(console->mem, address, sizeof(*text));
	if (!text || address % _Alignof(struct boot_console_text))
		return;
	/* The guest may change it meanwhile: read once. */
	length = __atomic_load_n(&text->length, __ATOMIC_RELAXED);
	if (length <= BOOT_CONSOLE_TEXT_MAX)
		write_text(console, text->text, length);
}
