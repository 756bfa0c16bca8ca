/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory and strings. Long copies use the string instructions with 8 bytes a step: fast on hardware
 * (fast string operations), and under an emulator, which counts and executes each step, an eighth
 * of the work of rep movsb. Short ones use two overlapping accesses instead of a loop. No vector
 * registers: those belong to the application.
 */
#include <lib/string.h>

typedef uint64_t __attribute__((aligned(1), may_alias)) word64;
typedef uint32_t __attribute__((aligned(1), may_alias)) word32;
typedef uint16_t __attribute__((aligned(1), may_alias)) word16;

#define WORD_LOAD(type, memory, offset)                                                            \
	(*(const type *)(const void *)((const char *)(memory) + (offset)))
#define WORD_STORE(type, memory, offset, value)                                                    \
	(*(type *)(void *)((char *)(memory) + (offset)) = (value))

/* Copies SIZE <= 16 bytes: all loads come before the stores, so the two may overlap. */
static always_inline void copy_short(void *to, const void *from, size_t size)
{
	if (size >= 8) {
		uint64_t head = WORD_LOAD(word64, from, 0);
		uint64_t tail = WORD_LOAD(word64, from, size - 8);

		WORD_STORE(word64, to, 0, head);
		WORD_STORE(word64, to, size - 8, tail);
	} else if (size >= 4) {
		uint32_t head = WORD_LOAD(word32, from, 0);
		uint32_t tail = WORD_LOAD(word32, from, size - 4);

		WORD_STORE(word32, to, 0, head);
		WORD_STORE(word32, to, size - 4, tail);
	} else if (size >= 2) {
		uint16_t head = WORD_LOAD(word16, from, 0);
		uint16_t tail = WORD_LOAD(word16, from, size - 2);

		WORD_STORE(word16, to, 0, head);
		WORD_STORE(word16, to, size - 2, tail);
	} else if (size) {
		*(char *)to = *(const char *)from;
	}
}

/* Copies SIZE > 8 bytes in ascending order; the last 8 are loaded first, so that TO may lie below
 * FROM and overlap it. */
static always_inline void copy_up(void *to, const void *from, size_t size)
{
	uint64_t tail = WORD_LOAD(word64, from, size - 8);
	char *end = (char *)to + size;
	size_t words = (size - 1) / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words)::"memory");
	WORD_STORE(word64, end, -8, tail);
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	if (size <= 16)
		copy_short(to, from, size);
	else
		copy_up(to, from, size);
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint64_t head;

	if (size <= 16) {
		copy_short(to, from, size);
		return to;
	}
	if ((uintptr_t)to - (uintptr_t)from >=
	    size) { /* not inside FROM: ascending order is right */
		copy_up(to, from, size);
		return to;
	}
	head = WORD_LOAD(word64, from, 0);
	for (size_t left = size; left > 8; left -= 8)
		WORD_STORE(word64, to, left - 8, WORD_LOAD(word64, from, left - 8));
	WORD_STORE(word64, to, 0, head);
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	uint64_t word = 0x0101010101010101ull * (uint8_t)byte;
	void *at = to;
	size_t words = size / 8;

	if (size < 8) {
		for (size_t i = 0; i < size; i++)
			((volatile char *)to)[i] = (char)byte;
		return to;
	}
	__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(word) : "memory");
	WORD_STORE(word64, to, size - 8, word);
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;
	size_t i = 0;

	while (i + 8 <= size && WORD_LOAD(word64, x, i) == WORD_LOAD(word64, y, i))
		i += 8;
	for (; i < size; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}

void *memchr(const void *memory, int byte, size_t size)
{
	const uint8_t *at = memory;

	for (size_t i = 0; i < size; i++) {
		if (at[i] == (uint8_t)byte)
			return (void *)(uintptr_t)(at + i);
	}
	return NULL;
}

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (size_t i = 0; i < limit; i++) {
		if (a[i] != b[i] || !a[i])
			return (uint8_t)a[i] - (uint8_t)b[i];
	}
	return 0;
}

char *strchr(const char *text, int c)
{
	for (; *text != (char)c; text++) {
		if (!*text)
			return NULL;
	}
	return (char *)(uintptr_t)text;
}

char *strrchr(const char *text, int c)
{
	const char *found = NULL;

	do {
		if (*text == (char)c)
			found = text;
	} while (*text++);
	return (char *)(uintptr_t)found;
}

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);

	if (size) {
		size_t copied = MIN(length, size - 1);

		memcpy(to, from, copied);
		to[copied] = '\0';
	}
	return length;
}

bool str_starts_with(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix) {
		text++;
		prefix++;
	}
	return *prefix == '\0';
}
