/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stretch of bytes that lies in several pieces.
 */
#ifndef UHYVE_PIECES_H
#define UHYVE_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* Of COUNT pieces, LEFT bytes behind the first SKIP. */
struct piece_walk {
	const struct iovec *pieces;
	unsigned count;
	size_t skip, left;
};

/* The next PART that lies in one place, never an empty one. False: that was all. */
static inline bool piece_walk_next(struct piece_walk *walk, struct iovec *part)
{
	for (; walk->count && walk->left; walk->pieces++, walk->count--) {
		size_t length = walk->pieces->iov_len;

		if (walk->skip >= length) {
			walk->skip -= length;
			continue;
		}
		length -= walk->skip;
		if (length > walk->left)
			length = walk->left;
		*part = (struct iovec){(uint8_t *)walk->pieces->iov_base + walk->skip, length};
		walk->left -= length;
		walk->skip = 0;
		walk->pieces++;
		walk->count--;
		return true;
	}
	return false;
}

#endif /* UHYVE_PIECES_H */
