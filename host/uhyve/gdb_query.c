/* SPDX-License-Identifier: BSD-3-Clause */
/* See gdb_query.h. */
#include "gdb_query.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DESCRIPTION_NAME "target.xml"

/* The text behind PREFIX, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

static void query_supported(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	server->reports_swbreak = strstr(text, "swbreak+") != NULL;
	server->reports_hwbreak = strstr(text, "hwbreak+") != NULL;
	gdb_frame_format(reply,
			 "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+",
			 GDB_PACKET_MAX);
	gdb_frame_text(reply, ";swbreak+;hwbreak+");
}

/* The part of the description from an offset on: "offset,length". */
static void query_description(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	const char *description = server->target->description;
	size_t size = strlen(description);
	uint64_t offset, length;

	if (!gdb_parse_number(&text, &offset) || *text++ != ',' ||
	    !gdb_parse_number(&text, &length) || *text || offset > size) {
		gdb_frame_format(reply, "E%02x", EINVAL);
		return;
	}
	if (length > GDB_PACKET_MAX / 2)
		length = GDB_PACKET_MAX / 2;
	if (length > size - offset)
		length = size - offset;
	gdb_frame_text(reply, offset + length == size ? "l" : "m");
	gdb_frame_binary(reply, description + offset, length);
}

static void query_thread_list(struct gdb_server *server, struct gdb_frame *reply)
{
	gdb_frame_text(reply, "m");
	for (unsigned i = 1; i <= server->target->cpu_count; i++)
		gdb_frame_format(reply, "%s%x", i > 1 ? "," : "", i);
}

static void query_thread_name(struct gdb_server *server, const char *text, struct gdb_frame *reply)
{
	char name[24];
	unsigned cpu;
	bool all;

	if (!gdb_parse_thread(server, &text, &cpu, &all) || all || *text) {
		gdb_frame_format(reply, "E%02x", EINVAL);
		return;
	}
	snprintf(name, sizeof(name), "CPU %u", cpu);
	gdb_frame_hex(reply, name, strlen(name));
}

void gdb_query(struct gdb_server *server, struct gdb_frame *reply)
{
	const char *packet = server->reader.data, *rest;

	if ((rest = after(packet, "qSupported")) != NULL) {
		query_supported(server, rest, reply);
	} else if (strcmp(packet, "QStartNoAckMode") == 0) {
		server->no_ack = true;
		gdb_frame_text(reply, "OK");
	} else if ((rest = after(packet, "qXfer:features:read:" DESCRIPTION_NAME ":")) != NULL) {
		query_description(server, rest, reply);
	} else if (strcmp(packet, "qfThreadInfo") == 0) {
		query_thread_list(server, reply);
	} else if (strcmp(packet, "qsThreadInfo") == 0) {
		gdb_frame_text(reply, "l");
	} else if ((rest = after(packet, "qThreadExtraInfo,")) != NULL) {
		query_thread_name(server, rest, reply);
	} else if (strcmp(packet, "qC") == 0) {
		gdb_frame_format(reply, "QC%x", server->cpu + 1);
	} else if (strcmp(packet, "qAttached") == 0) {
		gdb_frame_text(reply, "1");
	}
}
