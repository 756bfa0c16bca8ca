/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers and command lines. */
#include <lib/checked.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <linux/errno.h>

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

const char *parse_u64(const char *text, uint64_t *out)
{
	unsigned base = 10;
	uint64_t value = 0;
	const char *at = text;

	if (text[0] == '0' && (text[1] | 0x20) == 'x' && digit_of(text[2]) < 16) {
		base = 16;
		at += 2;
	}
	text = at;
	for (; digit_of(*at) < (int)base; at++) {
		if (mul_overflows(value, base, &value) ||
		    add_overflows(value, (unsigned)digit_of(*at), &value))
			return NULL;
	}
	*out = value;
	return at == text ? NULL : at;
}

int parse_size(const char *text, uint64_t *out)
{
	static const char suffixes[] = "kmgt";
	const char *at = text, *suffix;
	uint64_t value;

	if (digit_of(*text) > 9)
		return -EINVAL;
	at = parse_u64(text, &value);
	if (!at)
		return -ERANGE;
	if (*at) {
		suffix = strchr(suffixes, *at | 0x20);
		if (!suffix || !*suffix || at[1])
			return -EINVAL;
		if (mul_overflows(value, 1ull << 10 * (suffix - suffixes + 1), &value))
			return -ERANGE;
	}
	*out = value;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The end of the word at TEXT; blanks inside double quotes belong to it. */
static const char *word_end(const char *text)
{
	bool quoted = false;

	for (; *text && (quoted || !is_blank(*text)); text++) {
		if (*text == '"')
			quoted = !quoted;
	}
	return text;
}

/* Copies FROM..END without double quotes; the length of all of it. */
static size_t copy_value(char *value, size_t size, const char *from, const char *end)
{
	size_t length = 0;

	for (; from < end; from++) {
		if (*from == '"')
			continue;
		if (length + 1 < size)
			value[length] = *from;
		length++;
	}
	if (size)
		value[MIN(length, size - 1)] = '\0';
	return length;
}

long cmdline_find(const char *cmdline, const char *key, char *value, size_t size)
{
	size_t key_length = strlen(key);
	long result = -ENOENT;
	const char *end;

	for (const char *at = cmdline; *at; at = end) {
		end = word_end(at);
		if (end == at) {
			end++; /* a blank */
			continue;
		}
		if (strncmp(at, key, key_length) != 0)
			continue;
		if (at[key_length] == '=')
			result = (long)copy_value(value, size, at + key_length + 1, end);
		else if (at + key_length == end)
			result = (long)copy_value(value, size, end, end);
	}
	return result;
}

uint64_t cmdline_u64(const char *cmdline, const char *key, uint64_t default_value)
{
	char text[32];
	uint64_t value;
	long length = cmdline_find(cmdline, key, text, sizeof(text));

	if (length < 0 || (size_t)length >= sizeof(text))
		return default_value;
	if (length == 0)
		return 1;
	return parse_size(text, &value) == 0 ? value : default_value;
}
