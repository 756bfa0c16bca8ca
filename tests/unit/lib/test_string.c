/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory and string functions against the C library's, over all small sizes and alignments. The
 * kernel's have the prefix k_ here (CMakeLists.txt). */
#include <lib/string.h>

#include "../common/unit.h"

#define SPAN 96u

static uint8_t source[2 * SPAN], target[2 * SPAN], expected[2 * SPAN];

static void fill(void)
{
	for (size_t i = 0; i < sizeof(source); i++) {
		source[i] = (uint8_t)unit_random();
		target[i] = expected[i] = (uint8_t)unit_random();
	}
}

static void check_target(void)
{
	for (size_t i = 0; i < sizeof(target); i++)
		CHECK_EQ(target[i], expected[i]);
}

static void test_copy(void)
{
	for (size_t size = 0; size <= SPAN; size++) {
		for (size_t shift = 0; shift < 9; shift++) {
			fill();
			CHECK(memcpy(target + shift, source + 8 - shift % 8, size) ==
			      target + shift);
			for (size_t i = 0; i < size; i++)
				expected[shift + i] = source[8 - shift % 8 + i];
			check_target();
		}
	}
}

static void test_move(void)
{
	for (size_t size = 0; size <= SPAN; size++) {
		for (size_t from = 0; from <= 40; from += 1 + from / 12) {
			for (size_t to = 0; to <= 40; to += 1 + to / 12) {
				fill();
				for (size_t i = 0; i < sizeof(target); i++)
					target[i] = expected[i] = source[i];
				for (size_t i = 0; i < size; i++)
					expected[to + i] = source[from + i];
				CHECK(memmove(target + to, target + from, size) == target + to);
				check_target();
			}
		}
	}
}

static void test_set(void)
{
	for (size_t size = 0; size <= SPAN; size++) {
		for (size_t shift = 0; shift < 9; shift++) {
			fill();
			CHECK(memset(target + shift, 0x1a5, size) == target + shift);
			for (size_t i = 0; i < size; i++)
				expected[shift + i] = 0xa5;
			check_target();
		}
	}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

static void test_compare(void)
{
	for (int round = 0; round < 20000; round++) {
		size_t size = unit_below(40), at = unit_below(40);

		fill();
		for (size_t i = 0; i < 48; i++)
			target[i] = source[i];
		target[at] = (uint8_t)unit_random();
		CHECK_EQ(sign(memcmp(source, target, size)),
			 at < size ? sign(source[at] - target[at]) : 0);
	}
	CHECK(memchr("abcabc", 'c', 6) != NULL && memchr("abc", 'c', 2) == NULL);
	CHECK_EQ((const char *)memchr("\xff\xfe", 0xfe, 2) - (const char *)"\xff\xfe" >= 0, 1);
}

static void test_text(void)
{
	const char *path = "/a/b/c";
	char buffer[8];

	CHECK_EQ(strlen(""), 0);
	CHECK_EQ(strlen("abc"), 3);
	CHECK_EQ(strnlen("abc", 2), 2);
	CHECK_EQ(strnlen("abc", 9), 3);
	CHECK(strcmp("abc", "abc") == 0 && strcmp("abc", "abd") < 0 && strcmp("b", "abc") > 0);
	CHECK(strcmp("\x80", "\x7f") > 0 && strcmp("", "a") < 0);
	CHECK(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
	CHECK(strncmp("ab", "ab", 9) == 0 && strncmp("x", "y", 0) == 0);
	CHECK(strchr(path, '/') == path && strchr(path, 'x') == NULL);
	CHECK(strchr(path, '\0') == path + 6);
	CHECK(strrchr(path, '/') == path + 4 && strrchr(path, 'x') == NULL);
	CHECK_EQ(strlcpy(buffer, "1234567", sizeof(buffer)), 7);
	CHECK(strcmp(buffer, "1234567") == 0);
	CHECK_EQ(strlcpy(buffer, "123456789", sizeof(buffer)), 9);
	CHECK(strcmp(buffer, "1234567") == 0);
	CHECK_EQ(strlcpy(buffer, "x", 0), 1);
	CHECK(buffer[0] == '1');
	CHECK(str_starts_with("hermit.x", "hermit.") && !str_starts_with("her", "hermit"));
	CHECK(str_starts_with("x", "") && !str_starts_with("", "x"));
}

int main(void)
{
	test_copy();
	test_move();
	test_set();
	test_compare();
	test_text();
	return 0;
}
