/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of GDB's remote protocol (GDB manual, appendix E.1): "$data#checksum", acknowledged with a
 * plus sign, and a byte of its own that interrupts. All input is hostile. No I/O, no locks.
 */
#ifndef UHYVE_GDB_PACKET_H
#define UHYVE_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest packet that we take; told to GDB as PacketSize. */
#define GDB_PACKET_MAX 0x4000u

enum gdb_event {
	GDB_EVENT_NONE,	     /* more bytes are needed */
	GDB_EVENT_PACKET,    /* reader->data, reader->size */
	GDB_EVENT_DAMAGED,   /* wrong checksum, or too long */
	GDB_EVENT_INTERRUPT, /* control-C */
	GDB_EVENT_RESEND,    /* GDB did not understand the last frame */
};

struct gdb_reader {
	enum { GDB_BETWEEN, GDB_IN_DATA, GDB_IN_SUM, GDB_IN_SUM_END } state;
	bool too_long;
	uint8_t sum, high;
	size_t size;
	char data[GDB_PACKET_MAX + 1]; /* ends with NUL, may contain others */
};

/* Takes bytes until something has happened, which *EVENT tells. Returns how many were taken. */
size_t gdb_reader_feed(struct gdb_reader *reader, const uint8_t *bytes, size_t count,
		       enum gdb_event *event);

/* A frame in the making. What does not fit is left out and OVERFLOW set. */
struct gdb_frame {
	bool overflow;
	size_t size; /* of the data; the frame, once it is closed */
	char data[2 * GDB_PACKET_MAX];
};

void gdb_frame_begin(struct gdb_frame *frame);
void gdb_frame_text(struct gdb_frame *frame, const char *text);
void gdb_frame_format(struct gdb_frame *frame, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void gdb_frame_hex(struct gdb_frame *frame, const void *data, size_t size);
/* Escaped where the protocol needs it. */
void gdb_frame_binary(struct gdb_frame *frame, const void *data, size_t size);
/* Adds the checksum: DATA is ready to be sent. */
void gdb_frame_end(struct gdb_frame *frame);

/* The number at *TEXT in hexadecimal, at most 64 bits; moves *TEXT behind it. False: none there. */
bool gdb_parse_number(const char **text, uint64_t *number);

/* SIZE bytes from twice as many digits. Returns false where there are others, or too few. */
bool gdb_parse_hex(const char *text, uint8_t *data, size_t size);

/* Escaped bytes, in place. Returns how many remain, or -1: a trailing escape. */
long gdb_unescape(char *data, size_t size);

#endif /* UHYVE_GDB_PACKET_H */
