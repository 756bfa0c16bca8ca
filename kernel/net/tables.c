/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc/net's tables (proc_net(5)), in Linux's format to the letter: programs read their columns.
 * They are made under the core lock.
 */
#include "tables.h"

#include <lib/printf.h>
#include <lib/string.h>
#include <net/net.h>

#include "netif.h"

#define LINE_WIDTH  127u
#define RTF_UP	    0x1u
#define RTF_GATEWAY 0x2u

void table_line(const struct table *table, const char *format, ...)
{
	char line[TABLE_LINE_MAX + 1];
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = MIN(kvsnprintf(line, sizeof(line), format, arguments), sizeof(line) - 1);
	va_end(arguments);
	while (length < table->width)
		line[length++] = ' ';
	line[length++] = '\n';
	table->put(table->context, line, length);
}

static void put_dev(struct table *table) REQUIRES(net_core)
{
	table_line(table, "Inter-|   Receive                                                |  "
			  "Transmit");
	table_line(table, " face |bytes    packets errs drop fifo frame compressed multicast|bytes"
			  "    packets errs drop fifo colls carrier compressed");
	for (u8_t index = 1; index <= 2; index++) {
		const struct netif *netif = netif_get_by_index(index);
		struct netif_counters counters;
		char name[NETIF_NAME_SIZE];

		if (!netif)
			continue;
		netif_counters(netif, &counters);
		netif_name_of(netif, name, sizeof(name));
		table_line(table,
			   "%6s: %7llu %7llu %4llu %4llu %4u %5u %10u %9u %8llu %7llu %4u %4llu "
			   "%4u %5u %7u %10u",
			   name, (unsigned long long)counters.rx_bytes,
			   (unsigned long long)counters.rx_packets,
			   (unsigned long long)counters.rx_errors,
			   (unsigned long long)counters.rx_dropped, 0u, 0u, 0u, 0u,
			   (unsigned long long)counters.tx_bytes,
			   (unsigned long long)counters.tx_packets, 0u,
			   (unsigned long long)counters.tx_dropped, 0u, 0u, 0u, 0u);
	}
}

static void put_one_route(struct table *table, const struct netif *netif, uint32_t net,
			  uint32_t gateway, uint32_t mask)
{
	char name[NETIF_NAME_SIZE];

	netif_name_of(netif, name, sizeof(name));
	table_line(table, "%s\t%08X\t%08X\t%04X\t0\t0\t0\t%08X\t0\t0\t0", name, net, gateway,
		   RTF_UP | (gateway ? RTF_GATEWAY : 0), mask);
}

static void put_route(struct table *table) REQUIRES(net_core)
{
	const struct netif *netif = netif_get_by_index(2);
	uint32_t mask;

	table->width = LINE_WIDTH;
	table_line(table, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU"
			  "\tWindow\tIRTT");
	if (!netif || !netif_ip4_addr(netif)->addr)
		return;
	mask = netif_ip4_netmask(netif)->addr;
	if (netif_ip4_gw(netif)->addr)
		put_one_route(table, netif, 0, netif_ip4_gw(netif)->addr, 0);
	put_one_route(table, netif, netif_ip4_addr(netif)->addr & mask, 0, mask);
}

static void put_if_inet6(struct table *table) REQUIRES(net_core)
{
	for (u8_t index = 1; index <= 2; index++) {
		const struct netif *netif = netif_get_by_index(index);
		char name[NETIF_NAME_SIZE];

		for (int8_t i = 0; netif && i < LWIP_IPV6_NUM_ADDRESSES; i++) {
			const ip6_addr_t *ip = netif_ip6_addr(netif, i);
			unsigned scope = ip6_addr_isloopback(ip)    ? 0x10
					 : ip6_addr_islinklocal(ip) ? 0x20
								    : 0;

			if (!ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
				continue;
			netif_name_of(netif, name, sizeof(name));
			table_line(table, "%08x%08x%08x%08x %02x %02x %02x %02x %8s",
				   lwip_ntohl(ip->addr[0]), lwip_ntohl(ip->addr[1]),
				   lwip_ntohl(ip->addr[2]), lwip_ntohl(ip->addr[3]), index,
				   netif_is_loopback(netif) ? 128 : 64, scope,
				   netif_ip6_addr_isstatic(netif, i) ? 0x80 : 0, name);
		}
	}
}

static void put_tcp(struct table *table) REQUIRES(net_core)
{
	table_tcp(table, false);
}

static void put_tcp6(struct table *table) REQUIRES(net_core)
{
	table_tcp(table, true);
}

static void put_udp(struct table *table) REQUIRES(net_core)
{
	table_udp(table, false);
}

static void put_udp6(struct table *table) REQUIRES(net_core)
{
	table_udp(table, true);
}

void net_table(const char *name, void (*put)(void *context, const char *line, size_t size),
	       void *context)
{
	static const struct {
		const char *name;
		void (*write)(struct table *table);
	} tables[] = {
		{"dev", put_dev},	    {"tcp", put_tcp},	{"tcp6", put_tcp6},
		{"udp", put_udp},	    {"udp6", put_udp6}, {"route", put_route},
		{"if_inet6", put_if_inet6},
	};
	struct table table = {put, context, 0};

	if (net_start())
		return;
	net_lock();
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++)
		if (!strcmp(tables[i].name, name))
			tables[i].write(&table);
	net_unlock();
}
