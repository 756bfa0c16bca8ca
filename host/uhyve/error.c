/* SPDX-License-Identifier: BSD-3-Clause */
/* See error.h. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

int uhyve_fail(struct uhyve_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}
