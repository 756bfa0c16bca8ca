/* SPDX-License-Identifier: BSD-3-Clause */
/* Formatted text against the C library's printf, and what differs from it on purpose. */
#include <lib/printf.h>

#include "../common/unit.h"

#include <limits.h>
#include <string.h>

#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[128], theirs[128];                                                       \
		size_t length = ksnprintf(ours, sizeof(ours), __VA_ARGS__);                        \
		CHECK_EQ(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__));                   \
		if (strcmp(ours, theirs) != 0)                                                     \
			fprintf(stderr, "\"%s\" instead of \"%s\"\n", ours, theirs);               \
		CHECK(strcmp(ours, theirs) == 0);                                                  \
	} while (0)

static void test_integers(void)
{
	static const long values[] = {0,       1,	-1,	  9,	    10,	      -10,	255,
				      INT_MAX, INT_MIN, LONG_MAX, LONG_MIN, 0x7fffll, 123456789};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		long v = values[i];

		SAME("%d|%i|%u|%x|%X", (int)v, (int)v, (unsigned)v, (unsigned)v, (unsigned)v);
		SAME("%o|%04o|%lo|%8ho", (unsigned)v, (unsigned)v, (unsigned long)v,
		     (unsigned short)v);
		SAME("%ld|%lu|%lx|%lld|%llu", v, (unsigned long)v, (unsigned long)v, (long long)v,
		     (unsigned long long)v);
		SAME("%zu|%zx|%jd|%td", (size_t)v, (size_t)v, (intmax_t)v, (ptrdiff_t)v);
		SAME("%hd|%hu|%hhd|%hhx", (short)v, (unsigned short)v, (signed char)v,
		     (unsigned char)v);
		SAME("%8d|%-8d|%08d|%+d|%3d", (int)v, (int)v, (int)v, (int)v, (int)v);
		SAME("%20lx|%-20lx|%020lx|%#lx", (unsigned long)v, (unsigned long)v,
		     (unsigned long)v, (unsigned long)v);
		SAME("%.5d|%8.5d|%-8.5d|%.0d", (int)v, (int)v, (int)v, (int)v);
		SAME("%*d|%-*d|%.*d", 7, (int)v, 7, (int)v, 4, (int)v);
		SAME("% d|%#010x", (int)v, (unsigned)v);
	}
}

static void test_text(void)
{
	char buffer[8];

	SAME("%s|%10s|%-10s|%.2s|%10.2s|%-10.2s|", "text", "text", "text", "text", "text", "text");
	SAME("%s%c%%%c", "", 'x', 'y');
	SAME("%5c|%-5c|", 'a', 'b');
	SAME("%.*s|%.0s|", 3, "abcdef", "abc");
	SAME("%p", (void *)(uintptr_t)0x1234);
	CHECK_EQ(ksnprintf(buffer, sizeof(buffer), "%s", "123456789"), 9);
	CHECK(strcmp(buffer, "1234567") == 0);
	CHECK_EQ(ksnprintf(buffer, 1, "abc"), 3);
	CHECK(buffer[0] == '\0');
	CHECK_EQ(ksnprintf(NULL, 0, "abc%d", 5), 4);
}

/* Formats that a compiler would warn about go through a variable. */
static void test_odd(void)
{
	static const char *const odd[] = {"%", "%5", "%y|", "%l", "%-", "%.", "abc%"};
	const char *volatile nothing = NULL;
	char buffer[32];

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		memset(buffer, 'x', sizeof(buffer));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
		CHECK(ksnprintf(buffer, sizeof(buffer), odd[i], 1, 2) < sizeof(buffer));
#pragma GCC diagnostic pop
		CHECK(memchr(buffer, '\0', sizeof(buffer)) != NULL);
	}
	CHECK_EQ(ksnprintf(buffer, sizeof(buffer), "%s", nothing), 6);
	CHECK(strcmp(buffer, "(null)") == 0);
}

int main(void)
{
	test_integers();
	test_text();
	test_odd();
	return 0;
}
