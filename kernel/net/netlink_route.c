/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NETLINK_ROUTE (rtnetlink(7)): lists of interfaces, addresses and routes, as getifaddrs(3),
 * if_nameindex(3) and Go's package net ask for them, and one interface by its index. Whatever would
 * change something is refused, as for a user without privileges.
 */
#include <asm/errno.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/rtnetlink.h>
#include <lwip/netif.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/prot/nd6.h>
#include <net/abi.h>

#include "netif.h"
#include "netlink.h"

#define IFF_LOWER_UP	 0x10000u
#define IF_OPER_UNKNOWN	 0
#define IF_OPER_DOWN	 2
#define IF_OPER_UP	 6
#define QUEUE_LENGTH	 1000u
#define ADDRESS_FOR_EVER 0xffffffffu

/* Appends an attribute to the last message, which began at offset START. */
static void put(struct netlink_reply *reply, size_t start, unsigned type, const void *value,
		size_t size)
{
	struct rtattr attribute = {(uint16_t)RTA_LENGTH(size), (uint16_t)type};
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)(reply->data + start);

	ASSERT(reply->size + RTA_SPACE(size) <= NETLINK_REPLY_MAX);
	memset(reply->data + reply->size, 0, RTA_SPACE(size));
	memcpy(reply->data + reply->size, &attribute, sizeof(attribute));
	memcpy(reply->data + reply->size + RTA_LENGTH(0), value, size);
	reply->size += RTA_SPACE(size);
	header->nlmsg_len = (uint32_t)(reply->size - start);
}

static void put_u32(struct netlink_reply *reply, size_t start, unsigned type, uint32_t value)
{
	put(reply, start, type, &value, sizeof(value));
}

static void put_name(struct netlink_reply *reply, size_t start, unsigned type,
		     const struct netif *netif)
{
	char name[NETIF_NAME_SIZE];

	netif_name_of(netif, name, sizeof(name));
	put(reply, start, type, name, strlen(name) + 1);
}

static void put_counters(struct netlink_reply *reply, size_t start, const struct netif *netif)
	REQUIRES(net_core)
{
	struct netif_counters counters;
	struct rtnl_link_stats64 wide = {0};
	struct rtnl_link_stats narrow = {0};

	netif_counters(netif, &counters);
	wide.rx_packets = counters.rx_packets;
	wide.tx_packets = counters.tx_packets;
	wide.rx_bytes = counters.rx_bytes;
	wide.tx_bytes = counters.tx_bytes;
	wide.rx_errors = counters.rx_errors;
	wide.rx_dropped = counters.rx_dropped;
	wide.tx_dropped = counters.tx_dropped;
	narrow.rx_packets = (uint32_t)counters.rx_packets;
	narrow.tx_packets = (uint32_t)counters.tx_packets;
	narrow.rx_bytes = (uint32_t)counters.rx_bytes;
	narrow.tx_bytes = (uint32_t)counters.tx_bytes;
	narrow.rx_errors = (uint32_t)counters.rx_errors;
	narrow.rx_dropped = (uint32_t)counters.rx_dropped;
	narrow.tx_dropped = (uint32_t)counters.tx_dropped;
	put(reply, start, IFLA_STATS64, &wide, sizeof(wide));
	put(reply, start, IFLA_STATS, &narrow, sizeof(narrow));
}

static void put_link(struct netlink_reply *reply, struct netif *netif, unsigned flags)
	REQUIRES(net_core)
{
	static const uint8_t nowhere[6], everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	bool loopback = netif_is_loopback(netif);
	unsigned shown = netif_linux_flags(netif);
	struct ifinfomsg info = {
		.ifi_type = (uint16_t)netif_linux_type(netif),
		.ifi_index = netif_get_index(netif),
		.ifi_flags = shown | (shown & IFF_RUNNING ? IFF_LOWER_UP : 0),
	};
	uint8_t state = shown & IFF_RUNNING ? IF_OPER_UP : IF_OPER_DOWN;
	size_t start = reply->size;

	netlink_put(reply, RTM_NEWLINK, flags, &info, sizeof(info));
	put_name(reply, start, IFLA_IFNAME, netif);
	put_u32(reply, start, IFLA_TXQLEN, QUEUE_LENGTH);
	if (loopback)
		state = IF_OPER_UNKNOWN;
	put(reply, start, IFLA_OPERSTATE, &state, sizeof(state));
	put_u32(reply, start, IFLA_MTU, netif_linux_mtu(netif));
	put(reply, start, IFLA_ADDRESS, loopback ? nowhere : netif->hwaddr, sizeof(nowhere));
	put(reply, start, IFLA_BROADCAST, loopback ? nowhere : everybody, sizeof(nowhere));
	put_counters(reply, start, netif);
}

/* MASK in the network's order. */
static unsigned prefix_length(uint32_t mask)
{
	return mask ? 32 - (unsigned)__builtin_ctz(lwip_ntohl(mask)) : 0;
}

static void put_address4(struct netlink_reply *reply, struct netif *netif) REQUIRES(net_core)
{
	uint32_t address = netif_ip4_addr(netif)->addr, mask = netif_ip4_netmask(netif)->addr;
	bool loopback = netif_is_loopback(netif);
	struct ifaddrmsg info = {
		.ifa_family = AF_INET,
		.ifa_prefixlen = (uint8_t)prefix_length(mask),
		.ifa_flags = IFA_F_PERMANENT,
		.ifa_scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
		.ifa_index = netif_get_index(netif),
	};
	size_t start = reply->size;

	if (!address)
		return;
	netlink_put(reply, RTM_NEWADDR, NLM_F_MULTI, &info, sizeof(info));
	put_u32(reply, start, IFA_ADDRESS, address);
	put_u32(reply, start, IFA_LOCAL, address);
	if (!loopback)
		put_u32(reply, start, IFA_BROADCAST, address | ~mask);
	put_name(reply, start, IFA_LABEL, netif);
	put_u32(reply, start, IFA_FLAGS, info.ifa_flags);
}

static unsigned scope6(const ip6_addr_t *address)
{
	if (ip6_addr_isloopback(address))
		return RT_SCOPE_HOST;
	return ip6_addr_islinklocal(address) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static void put_addresses6(struct netlink_reply *reply, struct netif *netif) REQUIRES(net_core)
{
	for (int8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		const ip6_addr_t *address = netif_ip6_addr(netif, i);
		bool fixed = netif_ip6_addr_isstatic(netif, i);
		struct ifaddrmsg info = {
			.ifa_family = AF_INET6,
			.ifa_prefixlen = netif_is_loopback(netif) ? 128 : 64,
			.ifa_flags = fixed ? IFA_F_PERMANENT : 0,
			.ifa_scope = (uint8_t)scope6(address),
			.ifa_index = netif_get_index(netif),
		};
		size_t start = reply->size;

		if (!ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
			continue;
		netlink_put(reply, RTM_NEWADDR, NLM_F_MULTI, &info, sizeof(info));
		put(reply, start, IFA_ADDRESS, address->addr, sizeof(address->addr));
		put_u32(reply, start, IFA_FLAGS, info.ifa_flags);
	}
}

/* A route of the main table: to DESTINATION (NULL: everywhere) by NETIF, through GATEWAY or not. */
static void put_route(struct netlink_reply *reply, struct netif *netif, bool ip6,
		      const void *destination, unsigned prefix, const void *gateway)
	REQUIRES(net_core)
{
	struct rtmsg route = {
		.rtm_family = ip6 ? AF_INET6 : AF_INET,
		.rtm_dst_len = (uint8_t)prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = gateway ? RTPROT_BOOT : RTPROT_KERNEL,
		.rtm_scope = gateway || ip6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	size_t start = reply->size, size = ip6 ? 16 : 4;

	netlink_put(reply, RTM_NEWROUTE, NLM_F_MULTI, &route, sizeof(route));
	put_u32(reply, start, RTA_TABLE, RT_TABLE_MAIN);
	if (destination)
		put(reply, start, RTA_DST, destination, size);
	if (gateway)
		put(reply, start, RTA_GATEWAY, gateway, size);
	else if (!ip6)
		put_u32(reply, start, RTA_PREFSRC, netif_ip4_addr(netif)->addr);
	put_u32(reply, start, RTA_OIF, netif_get_index(netif));
}

static void put_routes4(struct netlink_reply *reply, struct netif *netif) REQUIRES(net_core)
{
	uint32_t mask = netif_ip4_netmask(netif)->addr, net = netif_ip4_addr(netif)->addr & mask;

	if (netif_is_loopback(netif) || !netif_ip4_addr(netif)->addr)
		return;
	if (netif_ip4_gw(netif)->addr)
		put_route(reply, netif, false, NULL, 0, netif_ip4_gw(netif));
	put_route(reply, netif, false, &net, prefix_length(mask), NULL);
}

static void put_routes6(struct netlink_reply *reply) REQUIRES(net_core)
{
	for (unsigned i = 0; i < LWIP_ND6_NUM_PREFIXES; i++)
		if (prefix_list[i].netif)
			put_route(reply, prefix_list[i].netif, true, prefix_list[i].prefix.addr, 64,
				  NULL);
	for (unsigned i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
		const struct nd6_neighbor_cache_entry *router =
			default_router_list[i].neighbor_entry;

		if (router)
			put_route(reply, router->netif, true, NULL, 0,
				  router->next_hop_address.addr);
	}
}

/* All interfaces, or what belongs to each of them, of FAMILY. */
static void put_all(struct netlink_reply *reply, unsigned type, unsigned family) REQUIRES(net_core)
{
	bool ip4 = family != AF_INET6, ip6 = family != AF_INET;

	/* by index: lwIP's list has the youngest first */
	for (unsigned index = 1; index <= 2; index++) {
		struct netif *netif = netif_get_by_index((u8_t)index);

		if (!netif)
			continue;
		if (type == RTM_GETLINK)
			put_link(reply, netif, NLM_F_MULTI);
		if (type == RTM_GETADDR && ip4)
			put_address4(reply, netif);
		if (type == RTM_GETROUTE && ip4)
			put_routes4(reply, netif);
	}
	for (unsigned index = 1; index <= 2 && type == RTM_GETADDR && ip6; index++)
		if (netif_get_by_index((u8_t)index))
			put_addresses6(reply, netif_get_by_index((u8_t)index));
	if (type == RTM_GETROUTE && ip6)
		put_routes6(reply);
}

/* The one interface that REQUEST names by its index. */
static int get_link(const struct nlmsghdr *request, struct netlink_reply *reply)
{
	struct ifinfomsg info;
	struct netif *netif;

	if (request->nlmsg_len < NLMSG_LENGTH(sizeof(info)))
		return -EINVAL;
	memcpy(&info, request + 1, sizeof(info));
	if (info.ifi_index <= 0)
		return -EINVAL;
	net_lock();
	netif = info.ifi_index <= (int)UINT8_MAX ? netif_get_by_index((u8_t)info.ifi_index) : NULL;
	if (netif)
		put_link(reply, netif, 0);
	net_unlock();
	return netif ? 0 : -ENODEV;
}

int netlink_route(const struct nlmsghdr *request, struct netlink_reply *reply)
{
	unsigned type = request->nlmsg_type, family;
	int error = net_start();

	if (error)
		return error;
	if (type > RTM_MAX)
		return -EOPNOTSUPP;
	if (request->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtgenmsg)))
		return 0;
	if ((type & 3) != (RTM_GETLINK & 3)) /* new, delete, set */
		return -EPERM;
	if (type == RTM_GETLINK && !(request->nlmsg_flags & NLM_F_DUMP))
		return get_link(request, reply);
	if (!(request->nlmsg_flags & NLM_F_DUMP) ||
	    (type != RTM_GETLINK && type != RTM_GETADDR && type != RTM_GETROUTE))
		return -EOPNOTSUPP;
	family = ((const struct rtgenmsg *)(const void *)(request + 1))->rtgen_family;
	if (type != RTM_GETLINK)
		netif_await(NULL, family == AF_INET6);
	net_lock();
	put_all(reply, type, family);
	net_unlock();
	return 1;
}
