/* SPDX-License-Identifier: BSD-3-Clause */
/* See blob.h. */
#include "blob.h"

#include <stdlib.h>
#include <string.h>

#define BLOB_FIRST 4096u

void blob_destroy(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){0};
}

static bool blob_reserve(struct blob *blob, size_t size)
{
	size_t capacity = blob->capacity ? blob->capacity : BLOB_FIRST;

	if (blob->failed || size > SIZE_MAX / 4 - blob->size) {
		blob->failed = true;
		return false;
	}
	while (capacity - blob->size < size)
		capacity *= 2;
	if (capacity == blob->capacity)
		return true;
	uint8_t *data = realloc(blob->data, capacity);
	if (!data) {
		blob->failed = true;
		return false;
	}
	blob->data = data;
	blob->capacity = capacity;
	return true;
}

void blob_put(struct blob *blob, const void *data, size_t size)
{
	if (!size || !blob_reserve(blob, size))
		return;
	if (data)
		memcpy(blob->data + blob->size, data, size);
	else
		memset(blob->data + blob->size, 0, size);
	blob->size += size;
}

void blob_put_u32(struct blob *blob, uint32_t value)
{
	blob_put(blob, &value, sizeof(value));
}

void blob_put_u64(struct blob *blob, uint64_t value)
{
	blob_put(blob, &value, sizeof(value));
}

void blob_put_string(struct blob *blob, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);

	blob_put_u32(blob, length);
	blob_put(blob, text, length);
}

const uint8_t *blob_take(struct blob_reader *reader, size_t size)
{
	const uint8_t *at = reader->at;

	if (reader->failed || size > reader->left) {
		reader->failed = true;
		return NULL;
	}
	reader->at += size;
	reader->left -= size;
	return at;
}

void blob_get(struct blob_reader *reader, void *data, size_t size)
{
	const uint8_t *at = blob_take(reader, size);

	if (at)
		memcpy(data, at, size);
	else
		memset(data, 0, size);
}

uint32_t blob_get_u32(struct blob_reader *reader)
{
	uint32_t value;

	blob_get(reader, &value, sizeof(value));
	return value;
}

uint64_t blob_get_u64(struct blob_reader *reader)
{
	uint64_t value;

	blob_get(reader, &value, sizeof(value));
	return value;
}

char *blob_get_string(struct blob_reader *reader, size_t max)
{
	uint32_t length = blob_get_u32(reader);
	const uint8_t *at = length <= max ? blob_take(reader, length) : NULL;
	char *text = at && !memchr(at, 0, length) ? malloc((size_t)length + 1) : NULL;

	if (!text) {
		reader->failed = true;
		return NULL;
	}
	memcpy(text, at, length);
	text[length] = '\0';
	return text;
}

bool blob_is_done(const struct blob_reader *reader)
{
	return !reader->failed && reader->left == 0;
}

#define LANES	 4u
#define MULTIPLY 0x9e3779b97f4a7c15ull

/* Odd factors and shifts to the right: each is a one-to-one function of the sum. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * MULTIPLY;
	return sum ^ sum >> 29;
}

uint64_t blob_checksum(uint64_t sum, const void *data, size_t size)
{
	uint64_t lane[LANES] = {sum, sum + 1, sum + 2, sum + 3}, word[LANES];
	const uint8_t *at = data;
	size_t left = size;

	for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
		memcpy(word, at, sizeof(word));
		for (unsigned i = 0; i < LANES; i++)
			lane[i] = mix(lane[i], word[i]);
	}
	memset(word, 0, sizeof(word));
	if (left)
		memcpy(word, at, left);
	for (unsigned i = 0; i < LANES; i++)
		sum = mix(mix(sum, lane[i]), word[i]);
	return mix(sum, size);
}
