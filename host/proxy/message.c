/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines for the user; see message.h. */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

void proxy_message(const char *format, ...)
{
	char line[LINE_MAX_BYTES] = "proxy: ";
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	int size = vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	if (size < 0)
		return;
	used += (size_t)size;
	if (used > sizeof(line) - 2)
		used = sizeof(line) - 2;
	line[used++] = '\n';
	/* Nobody is left to tell when standard error does not take it. */
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written;
}
