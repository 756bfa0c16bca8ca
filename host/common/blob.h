/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bytes that are written one after the other into memory that grows, and read again. What is read
 * is hostile: blob_take() is the only way to it, and checks. A failure sticks, so that a caller may
 * write or read all it wants and ask once. Values are in the machine's byte order.
 */
#ifndef HOST_BLOB_H
#define HOST_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blob {
	uint8_t *data; /* owned */
	size_t size, capacity;
	bool failed; /* out of memory */
};

void blob_destroy(struct blob *blob);
/* Adds SIZE bytes of DATA (NULL: zeros). */
void blob_put(struct blob *blob, const void *data, size_t size);
void blob_put_u32(struct blob *blob, uint32_t value);
void blob_put_u64(struct blob *blob, uint64_t value);
/* Length and bytes. */
void blob_put_string(struct blob *blob, const char *text);

struct blob_reader {
	const uint8_t *at;
	size_t left;
	bool failed; /* there was less than wanted */
};

/* The next SIZE bytes, not aligned; NULL when there are fewer. */
const uint8_t *blob_take(struct blob_reader *reader, size_t size);
/* Copies them; zeros when there are fewer. */
void blob_get(struct blob_reader *reader, void *data, size_t size);
uint32_t blob_get_u32(struct blob_reader *reader);
uint64_t blob_get_u64(struct blob_reader *reader);
/* A string of at most MAX bytes without NUL, with memory from malloc; NULL on failure. */
char *blob_get_string(struct blob_reader *reader, size_t max);
/* All has been read, and nothing was missing. */
bool blob_is_done(const struct blob_reader *reader);

/*
 * Checksum of SIZE bytes, going on from SUM (0 at first). Each step maps different sums to
 * different ones, so one word that changes always changes the sum. It finds damage and editing by
 * hand; it does not prove who wrote the bytes. Two pieces give another sum than both as one.
 */
uint64_t blob_checksum(uint64_t sum, const void *data, size_t size);

#endif /* HOST_BLOB_H */
