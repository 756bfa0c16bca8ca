/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and command lines that come from outside. Any context, no allocation. */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include <lib/compiler.h>

/*
 * Reads a number at the start of TEXT: decimal, or hexadecimal after 0x. Returns the first
 * character behind it, or NULL when there is no digit or it does not fit into 64 bits.
 */
const char *parse_u64(const char *text, uint64_t *out);

/* The whole TEXT is a number of bytes, with a suffix K, M, G or T (powers of 1024, either case) or
 * none. 0, or -EINVAL, or -ERANGE when it does not fit. */
must_check int parse_size(const char *text, uint64_t *out);

/*
 * The kernel's command line: words separated by blanks, each "key" or "key=value". A value may be
 * put in double quotes to hold blanks. Of a key that comes twice, the last one counts.
 *
 * Returns the length of the value of KEY and copies it to VALUE (SIZE bytes, cut short, always with
 * a NUL); 0 for a key without value; -ENOENT when KEY is not there.
 */
must_check long cmdline_find(const char *cmdline, const char *key, char *value, size_t size);

/* The value of KEY as a number (suffixes as above), DEFAULT_VALUE when KEY is missing or its value
 * is no number. A key without value counts as 1. */
uint64_t cmdline_u64(const char *cmdline, const char *key, uint64_t default_value);

#endif /* LIB_PARSE_H */
