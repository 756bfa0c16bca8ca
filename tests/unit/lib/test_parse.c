/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, sizes and the kernel's command line, good and bad. */
#include <lib/checked.h>
#include <lib/parse.h>

#include "../common/unit.h"

#include <errno.h>
#include <string.h>

static void numbers(void)
{
	uint64_t value = 7;

	CHECK(*parse_u64("123x", &value) == 'x' && value == 123);
	CHECK(*parse_u64("0x1fZ", &value) == 'Z' && value == 0x1f);
	CHECK(*parse_u64("0XFf", &value) == '\0' && value == 0xff);
	CHECK(*parse_u64("0x", &value) == 'x' && value == 0);
	CHECK(parse_u64("18446744073709551615", &value) && value == UINT64_MAX);
	CHECK(!parse_u64("18446744073709551616", &value));
	CHECK(!parse_u64("0x10000000000000000", &value));
	CHECK(!parse_u64("", &value) && !parse_u64("-1", &value) && !parse_u64("abc", &value));
}

static void sizes(void)
{
	uint64_t value = 0;

	CHECK(parse_size("4096", &value) == 0 && value == 4096);
	CHECK(parse_size("6M", &value) == 0 && value == 6u << 20);
	CHECK(parse_size("2g", &value) == 0 && value == 2ull << 30);
	CHECK(parse_size("1k", &value) == 0 && value == 1024);
	CHECK(parse_size("1T", &value) == 0 && value == 1ull << 40);
	CHECK(parse_size("0x10K", &value) == 0 && value == 16384);
	CHECK_EQ(parse_size("", &value), -EINVAL);
	CHECK_EQ(parse_size("M", &value), -EINVAL);
	CHECK_EQ(parse_size("5MB", &value), -EINVAL);
	CHECK_EQ(parse_size("5Q", &value), -EINVAL);
	CHECK_EQ(parse_size("-5", &value), -EINVAL);
	CHECK_EQ(parse_size("abc", &value), -EINVAL);
	CHECK_EQ(parse_size("16777216T", &value), -ERANGE);
	CHECK_EQ(parse_size("99999999999999999999", &value), -ERANGE);
}

static void command_line(void)
{
	const char *line = "  quiet a=1 ab=22 path=\"x y\" empty= a=3\ttail";
	char value[8];

	CHECK(cmdline_find(line, "a", value, sizeof(value)) == 1 && strcmp(value, "3") == 0);
	CHECK(cmdline_find(line, "ab", value, sizeof(value)) == 2 && strcmp(value, "22") == 0);
	CHECK(cmdline_find(line, "path", value, sizeof(value)) == 3 && strcmp(value, "x y") == 0);
	CHECK(cmdline_find(line, "quiet", value, sizeof(value)) == 0 && value[0] == '\0');
	CHECK(cmdline_find(line, "empty", value, sizeof(value)) == 0);
	CHECK(cmdline_find(line, "tail", value, sizeof(value)) == 0);
	CHECK_EQ(cmdline_find(line, "y", value, sizeof(value)), -ENOENT);
	CHECK_EQ(cmdline_find(line, "tai", value, sizeof(value)), -ENOENT);
	CHECK_EQ(cmdline_find("", "a", value, sizeof(value)), -ENOENT);
	CHECK_EQ(cmdline_find("key=123456789", "key", value, sizeof(value)), 9);
	CHECK(strcmp(value, "1234567") == 0);
	CHECK_EQ(cmdline_find("q=\"open", "q", value, sizeof(value)), 4);
	CHECK_EQ(cmdline_u64("mem=4M", "mem", 1), 4 << 20);
	CHECK_EQ(cmdline_u64("verbose", "verbose", 0), 1);
	CHECK_EQ(cmdline_u64("mem=x", "mem", 9), 9);
	CHECK_EQ(cmdline_u64("", "mem", 9), 9);
}

/* Whatever the bytes: no read behind the NUL (the sanitizer watches), a result in range. */
static void garbage(void)
{
	static const char alphabet[] = "a=\" \t0x9kM-";

	for (unsigned round = 0; round < 20000; round++) {
		size_t length = unit_below(24);
		char *text = malloc(length + 1), value[4];
		uint64_t number;
		long found;

		for (size_t i = 0; i < length; i++)
			text[i] = alphabet[unit_below(sizeof(alphabet) - 1)];
		text[length] = '\0';
		found = cmdline_find(text, "a", value, sizeof(value));
		CHECK(found == -ENOENT || (found >= 0 && (size_t)found <= length));
		if (parse_size(text, &number) == 0)
			CHECK(text[0] >= '0' && text[0] <= '9');
		free(text);
	}
}

int main(void)
{
	size_t out;

	numbers();
	sizes();
	command_line();
	garbage();
	CHECK(!align_up_overflows(1, 4096, &out) && out == 4096);
	CHECK(!align_up_overflows(0, 4096, &out) && out == 0);
	CHECK(align_up_overflows(SIZE_MAX - 100, 4096, &out));
	return 0;
}
