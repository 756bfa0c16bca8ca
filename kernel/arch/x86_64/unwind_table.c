/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads .eh_frame_hdr and .eh_frame (LSB Core 5.0, 10.6.1 and 10.6.2). */
#include "unwind_table.h"

#include <arch/user.h>

#define ENTRY_SIZE_MAX (64ul << 10)
#define TABLE_MAX      (1u << 20) /* functions */
#define LEB_BYTES_MAX  10

/* DW_EH_PE_*: format in the low, base in the high half. */
#define PE_OMIT	   0xff
#define PE_UDATA4  0x03
#define PE_SDATA4  0x0b
#define PE_PCREL   0x10
#define PE_DATAREL 0x30
#define PE_FORMAT  0x0f
#define PE_BASE	   0x70

uint64_t cursor_read(struct unwind_cursor *c, unsigned size)
{
	uint64_t value = 0;

	if (c->failed || c->end < c->at || c->end - c->at < size ||
	    arch_user_read(&value, c->at, size)) {
		c->failed = true;
		return 0;
	}
	c->at += size;
	return value;
}

uint64_t cursor_uleb(struct unwind_cursor *c)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < LEB_BYTES_MAX; i++) {
		uint64_t byte = cursor_read(c, 1);

		if (7 * i < 64)
			value |= (byte & 0x7f) << 7 * i;
		if (!(byte & 0x80))
			return value;
	}
	c->failed = true;
	return 0;
}

int64_t cursor_sleb(struct unwind_cursor *c)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < LEB_BYTES_MAX; i++) {
		uint64_t byte = cursor_read(c, 1);

		if (7 * i < 64)
			value |= (byte & 0x7f) << 7 * i;
		if (byte & 0x80)
			continue;
		if (byte & 0x40 && 7 * (i + 1) < 64)
			value |= ~0ull << 7 * (i + 1);
		return (int64_t)value;
	}
	c->failed = true;
	return 0;
}

/* A pointer in ENCODING; DATA: what DATAREL is relative to. Other formats than these two do not
 * occur on x86-64 but as absolute addresses of 8 bytes. */
static uintptr_t read_pointer(struct unwind_cursor *c, unsigned encoding, uintptr_t data)
{
	uintptr_t here = c->at, value;

	switch (encoding & PE_FORMAT) {
	case PE_UDATA4:
		value = cursor_read(c, 4);
		break;
	case PE_SDATA4:
		value = (uintptr_t)(int64_t)(int32_t)cursor_read(c, 4);
		break;
	case 0:
	case 0x04: /* udata8 */
	case 0x0c: /* sdata8 */
		value = cursor_read(c, 8);
		break;
	default:
		c->failed = true;
		return 0;
	}
	switch (encoding & PE_BASE) {
	case 0:
		return value;
	case PE_PCREL:
		return here + value;
	case PE_DATAREL:
		return data + value;
	default:
		c->failed = true;
		return 0;
	}
}

struct search_row {
	int32_t start, entry; /* relative to the header */
};

/* Binary search: address of the entry of the last function that starts at or before ADDRESS. */
static uintptr_t search(uintptr_t header, uintptr_t table, uint64_t count, uintptr_t address)
{
	int64_t wanted = (int64_t)(address - header);
	uint64_t low = 0, high = count;
	struct search_row row;

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (arch_user_read(&row, table + middle * sizeof(row), sizeof(row)))
			return 0;
		if (row.start <= wanted)
			low = middle;
		else
			high = middle;
	}
	if (arch_user_read(&row, table + low * sizeof(row), sizeof(row)) || row.start > wanted)
		return 0;
	return header + (uintptr_t)(int64_t)row.entry;
}

static uintptr_t find_entry(uintptr_t header, uintptr_t address)
{
	struct unwind_cursor c = {header, header + 64, false};
	unsigned version = (unsigned)cursor_read(&c, 1);
	unsigned frame_encoding = (unsigned)cursor_read(&c, 1);
	unsigned count_encoding = (unsigned)cursor_read(&c, 1);
	unsigned table_encoding = (unsigned)cursor_read(&c, 1);
	uint64_t count;

	if (version != 1 || table_encoding != (PE_DATAREL | PE_SDATA4) || count_encoding == PE_OMIT)
		return 0;
	(void)read_pointer(&c, frame_encoding, header);
	count = read_pointer(&c, count_encoding, header);
	if (c.failed || !count || count > TABLE_MAX)
		return 0;
	return search(header, c.at, count, address);
}

/* The common entry (CIE). *POINTERS: encoding of addresses in the function's entry. */
static bool read_common(uintptr_t at, struct unwind_entry *entry, unsigned *pointers)
{
	struct unwind_cursor c = {at, at + 4, false};
	uint64_t size = cursor_read(&c, 4);
	char augmentation[8] = "";
	unsigned length = 0;

	c.end = c.at + size;
	if (c.failed || size > ENTRY_SIZE_MAX || cursor_read(&c, 4) != 0)
		return false;
	(void)cursor_read(&c, 1); /* version: 1 or 3 differ in the return register only */
	while (length < sizeof(augmentation) && !c.failed) {
		augmentation[length] = (char)cursor_read(&c, 1);
		if (!augmentation[length])
			break;
		length++;
	}
	if (length == sizeof(augmentation) || (length && augmentation[0] != 'z'))
		return false;
	entry->code_factor = cursor_uleb(&c);
	entry->data_factor = cursor_sleb(&c);
	entry->return_register = cursor_uleb(&c);
	*pointers = 0;
	if (length)
		(void)cursor_uleb(&c);
	for (unsigned i = 1; i < length; i++) {
		if (augmentation[i] == 'R') {
			*pointers = (unsigned)cursor_read(&c, 1);
		} else if (augmentation[i] == 'S') {
			entry->signal_frame = true;
		} else if (augmentation[i] == 'P') {
			unsigned encoding = (unsigned)cursor_read(&c, 1);

			(void)read_pointer(&c, encoding & ~0x80u, 0);
		} else if (augmentation[i] == 'L') {
			(void)cursor_read(&c, 1);
		} else {
			return false;
		}
	}
	entry->initial = c;
	return !c.failed;
}

bool unwind_find(uintptr_t header, uintptr_t address, struct unwind_entry *entry)
{
	uintptr_t at = header ? find_entry(header, address) : 0, common;
	struct unwind_cursor c = {at, at + 4, false};
	unsigned pointers;
	uint64_t size, skip;

	*entry = (struct unwind_entry){.start = 0};
	if (!at)
		return false;
	size = cursor_read(&c, 4);
	c.end = c.at + size;
	if (c.failed || size > ENTRY_SIZE_MAX)
		return false;
	common = c.at;
	common -= cursor_read(&c, 4);
	if (c.failed || !read_common(common, entry, &pointers))
		return false;
	entry->start = read_pointer(&c, pointers, 0);
	entry->size = read_pointer(&c, pointers & PE_FORMAT, 0);
	skip = cursor_uleb(&c);
	if (c.failed || skip > c.end - c.at)
		return false;
	c.at += skip;
	entry->instructions = c;
	return address >= entry->start && address - entry->start < entry->size;
}
