/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/net's tables: how lines are put. */
#ifndef NET_TABLES_H
#define NET_TABLES_H

#include "stack.h"

struct table {
	void (*put)(void *context, const char *line, size_t size);
	void *context;
	size_t width; /* lines are filled with blanks up to it */
};

/* One line (at most TABLE_LINE_MAX bytes), to which the line feed is added. */
#define TABLE_LINE_MAX 255u
void table_line(const struct table *table, const char *format, ...) printf_like(2, 3);

/* tables_sockets.c; IP6: the table of AF_INET6's sockets */
void table_tcp(struct table *table, bool ip6) REQUIRES(net_core);
void table_udp(struct table *table, bool ip6) REQUIRES(net_core);

#endif /* NET_TABLES_H */
