/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP options that end in the middle of one, in one piece and in two, each in memory of its exact
 * size. */
#include "tcp_header.h"

#include "../common/unit.h"

#include <stdlib.h>
#include <string.h>

/* Does WORDS (SIZE bytes) become EXPECTED, wherever it is cut into two pieces? */
static bool becomes(const char *words, const char *expected, uint16_t size)
{
	bool good = true;

	for (uint16_t cut = 0; cut <= size; cut++) {
		uint8_t *first = malloc(cut), *rest = malloc((size_t)size - cut);

		CHECK((first || !cut) && (rest || cut == size));
		memcpy(first, words, cut);
		memcpy(rest, words + cut, (size_t)size - cut);
		tcp_header_end_options(first, cut, rest, size);
		good = good && !memcmp(first, expected, cut) &&
		       !memcmp(rest, expected + cut, (size_t)size - cut);
		free(first);
		free(rest);
	}
	return good;
}

static void good_lists(void)
{
	static const char usual[] = "\2\4\5\264\1\3\3\7\4\2\1\1";

	CHECK(becomes("", "", 0));
	CHECK(becomes("\1\1\1\1", "\1\1\1\1", 4));
	CHECK(becomes(usual, usual, 12));
	CHECK(becomes("\1\0\2\2", "\1\0\2\2", 4)); /* behind the end */
}

static void bad_lists(void)
{
	CHECK(becomes("\1\1\1\2", "\1\1\1\0", 4));
	CHECK(becomes("\4\2\1\376", "\4\2\1\0", 4));
	CHECK(becomes("\2", "\0", 1));
	CHECK(becomes("\10\0\1\2", "\10\0\1\2", 4));	 /* a length of nothing: lwIP stops there */
	CHECK(becomes("\10\377\1\2", "\10\377\1\2", 4)); /* longer than the list: so does it here */
}

int main(void)
{
	good_lists();
	bad_lists();
	return 0;
}
