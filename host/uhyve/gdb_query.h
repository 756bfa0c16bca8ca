/* SPDX-License-Identifier: BSD-3-Clause */
/* The general queries of a GDB session ("q" and "Q" packets). Internal to the GDB server. */
#ifndef UHYVE_GDB_QUERY_H
#define UHYVE_GDB_QUERY_H

#include "gdb_server.h"

/* Answers the packet in server->reader; the empty reply: not known. */
void gdb_query(struct gdb_server *server, struct gdb_frame *reply);

/* A thread's number at *TEXT, which moves behind it: *ALL, or *CPU. False: there is none. */
bool gdb_parse_thread(const struct gdb_server *server, const char **text, unsigned *cpu, bool *all);

#endif /* UHYVE_GDB_QUERY_H */
