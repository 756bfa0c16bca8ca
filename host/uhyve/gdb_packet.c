/* SPDX-License-Identifier: BSD-3-Clause */
/* See gdb_packet.h. */
#include "gdb_packet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INTERRUPT_BYTE 0x03
#define ESCAPE	       '}'
#define ESCAPE_XOR     0x20
#define NUMBER_DIGITS  16u
#define FRAME_END_SIZE 3u /* "#", two digits */

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

static void reader_begin(struct gdb_reader *reader)
{
	reader->state = GDB_IN_DATA;
	reader->size = 0;
	reader->sum = 0;
	reader->too_long = false;
}

static enum gdb_event feed_between(struct gdb_reader *reader, uint8_t byte)
{
	if (byte == '$')
		reader_begin(reader);
	else if (byte == INTERRUPT_BYTE)
		return GDB_EVENT_INTERRUPT;
	else if (byte == '-')
		return GDB_EVENT_RESEND;
	return GDB_EVENT_NONE;
}

static enum gdb_event feed_data(struct gdb_reader *reader, uint8_t byte)
{
	if (byte == '#') {
		reader->state = GDB_IN_SUM;
		return GDB_EVENT_NONE;
	}
	if (byte == '$') { /* the end of the one before was lost */
		reader_begin(reader);
		return GDB_EVENT_NONE;
	}
	reader->sum = (uint8_t)(reader->sum + byte);
	if (reader->size == GDB_PACKET_MAX)
		reader->too_long = true;
	else
		reader->data[reader->size++] = (char)byte;
	return GDB_EVENT_NONE;
}

static enum gdb_event feed_end(struct gdb_reader *reader, uint8_t byte)
{
	int high = digit_value((char)reader->high), low = digit_value((char)byte);

	reader->state = GDB_BETWEEN;
	reader->data[reader->size] = '\0';
	if (high < 0 || low < 0 || (high << 4 | low) != reader->sum || reader->too_long)
		return GDB_EVENT_DAMAGED;
	return GDB_EVENT_PACKET;
}

static enum gdb_event feed_byte(struct gdb_reader *reader, uint8_t byte)
{
	switch (reader->state) {
	case GDB_BETWEEN:
		return feed_between(reader, byte);
	case GDB_IN_DATA:
		return feed_data(reader, byte);
	case GDB_IN_SUM:
		reader->high = byte;
		reader->state = GDB_IN_SUM_END;
		return GDB_EVENT_NONE;
	default:
		return feed_end(reader, byte);
	}
}

size_t gdb_reader_feed(struct gdb_reader *reader, const uint8_t *bytes, size_t count,
		       enum gdb_event *event)
{
	size_t taken = 0;

	*event = GDB_EVENT_NONE;
	while (taken < count && *event == GDB_EVENT_NONE)
		*event = feed_byte(reader, bytes[taken++]);
	return taken;
}

static void frame_add(struct gdb_frame *frame, char byte)
{
	if (frame->size < sizeof(frame->data) - FRAME_END_SIZE)
		frame->data[frame->size++] = byte;
	else
		frame->overflow = true;
}

void gdb_frame_begin(struct gdb_frame *frame)
{
	frame->overflow = false;
	frame->size = 0;
	frame_add(frame, '$');
}

void gdb_frame_text(struct gdb_frame *frame, const char *text)
{
	for (; *text; text++)
		frame_add(frame, *text);
}

void gdb_frame_format(struct gdb_frame *frame, const char *format, ...)
{
	char text[128];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	gdb_frame_text(frame, text);
}

void gdb_frame_hex(struct gdb_frame *frame, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++) {
		frame_add(frame, digits[bytes[i] >> 4]);
		frame_add(frame, digits[bytes[i] & 0xf]);
	}
}

void gdb_frame_binary(struct gdb_frame *frame, const void *data, size_t size)
{
	const char *bytes = data;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] && strchr("$#}*", bytes[i])) {
			frame_add(frame, ESCAPE);
			frame_add(frame, (char)(bytes[i] ^ ESCAPE_XOR));
		} else {
			frame_add(frame, bytes[i]);
		}
	}
}

void gdb_frame_end(struct gdb_frame *frame)
{
	uint8_t sum = 0;
	char end[FRAME_END_SIZE + 1];

	for (size_t i = 1; i < frame->size; i++)
		sum = (uint8_t)(sum + (uint8_t)frame->data[i]);
	snprintf(end, sizeof(end), "#%02x", sum);
	memcpy(frame->data + frame->size, end, FRAME_END_SIZE);
	frame->size += FRAME_END_SIZE;
}

bool gdb_parse_number(const char **text, uint64_t *number)
{
	unsigned digits = 0;

	*number = 0;
	for (; digit_value(**text) >= 0; (*text)++) {
		if (++digits > NUMBER_DIGITS)
			return false;
		*number = *number << 4 | (unsigned)digit_value(**text);
	}
	return digits > 0;
}

bool gdb_parse_hex(const char *text, uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		int high = digit_value(text[2 * i]);
		int low = high < 0 ? -1 : digit_value(text[2 * i + 1]);

		if (low < 0)
			return false;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

long gdb_unescape(char *data, size_t size)
{
	size_t out = 0;

	for (size_t in = 0; in < size; in++) {
		char byte = data[in];

		if (byte == ESCAPE) {
			if (++in == size)
				return -1;
			byte = (char)(data[in] ^ ESCAPE_XOR);
		}
		data[out++] = byte;
	}
	return (long)out;
}
