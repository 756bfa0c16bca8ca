/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Formatted text into a buffer. A subset of C11 7.21.6.5: conversions d i u o x X c s p %, the
 * length modifiers hh h l ll z j t, flags - 0 + space #, width and precision (also as *). %p prints
 * 0x and hexadecimal digits, # does nothing to %o. No floating point, no %n. Any context, no
 * allocation.
 */
#ifndef LIB_PRINTF_H
#define LIB_PRINTF_H

#include <lib/compiler.h>
#include <stdarg.h>

/* Writes at most SIZE bytes with the NUL (which is always there when SIZE > 0). Returns the length
 * of the whole text, whether it fitted or not. */
size_t kvsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
	printf_like(3, 0);
size_t ksnprintf(char *buffer, size_t size, const char *format, ...) printf_like(3, 4);

#endif /* LIB_PRINTF_H */
