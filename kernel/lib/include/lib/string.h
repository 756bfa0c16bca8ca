/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory and strings, with the meaning that C11 gives them (7.24). The compiler emits calls to
 * memcpy, memmove, memset and memcmp on its own. Any context; the memory must be the kernel's.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <lib/compiler.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *memory, int byte, size_t size);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int c);
char *strrchr(const char *text, int c);

/* Copies as much of FROM as fits into SIZE bytes, always with a NUL when SIZE > 0. Returns
 * strlen(from): the copy was cut short when that is >= SIZE. */
size_t strlcpy(char *to, const char *from, size_t size);

/* Does TEXT begin with PREFIX? */
bool str_starts_with(const char *text, const char *prefix);

#endif /* LIB_STRING_H */
