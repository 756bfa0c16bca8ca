/* SPDX-License-Identifier: BSD-3-Clause */
/* See tcp_header.h. No state, no locks. */
#include "tcp_header.h"

#define OPTION_END   0u
#define OPTION_NONE  1u /* one byte; all others have a length in the second */
#define LENGTH_LEAST 2u

void tcp_header_end_options(uint8_t *first, uint16_t first_size, uint8_t *rest, uint16_t size)
{
	for (unsigned at = 0; at < size;) {
		uint8_t *kind = at < first_size ? first + at : rest + (at - first_size);
		unsigned next = at + 1;
		uint8_t length;

		if (*kind == OPTION_END)
			return;
		if (*kind == OPTION_NONE) {
			at = next;
			continue;
		}
		if (next == size) {
			*kind = OPTION_END;
			return;
		}
		length = next < first_size ? first[next] : rest[next - first_size];
		if (length < LENGTH_LEAST)
			return;
		at += length;
	}
}
