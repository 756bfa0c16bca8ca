/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/net: what kernel/net writes. */
#include "procfs.h"

#include <fs/proc.h>
#include <lib/string.h>

static proc_net_table *table;

void proc_set_net(proc_net_table *write)
{
	table = write;
}

static void put(void *out, const char *line, size_t size)
{
	proc_put(out, line, size);
}

#define TABLE(name)                                                                                \
	static void put_##name(struct proc_text *out, const struct proc_match *match)              \
	{                                                                                          \
		(void)match;                                                                       \
		table(#name, put, out);                                                            \
	}
TABLE(dev)
TABLE(tcp)
TABLE(tcp6)
TABLE(udp)
TABLE(udp6)
TABLE(route)
TABLE(if_inet6)

static int link_net(char *target, const struct proc_match *match)
{
	(void)match;
	strlcpy(target, "self/net", FS_PATH_MAX + 1);
	return 0;
}

static const struct proc_entry entries[] = {
	PROC_LINK("net", link_net),
	PROC_TEXT("PID/net/dev", put_dev),
	PROC_TEXT("PID/net/tcp", put_tcp),
	PROC_TEXT("PID/net/tcp6", put_tcp6),
	PROC_TEXT("PID/net/udp", put_udp),
	PROC_TEXT("PID/net/udp6", put_udp6),
	PROC_TEXT("PID/net/route", put_route),
	PROC_TEXT("PID/net/if_inet6", put_if_inet6),
};

const struct proc_table proc_net_entries = {entries, ARRAY_SIZE(entries)};
