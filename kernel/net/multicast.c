/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Multicast memberships and the interface that multicasts leave by. A socket's memberships end with
 * it. The list is under the core lock.
 */
#include <asm/errno.h>
#include <lib/string.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <lwip/igmp.h>
#include <lwip/mld6.h>
#include <lwip/netif.h>
#include <mm/heap.h>

#include "inet.h"

struct membership {
	struct list_node node;
	ip_addr_t group;
	uint8_t interface;
};

static struct netif *by_address(uint32_t address) REQUIRES(net_core)
{
	struct netif *netif;

	NETIF_FOREACH(netif)
	{
		if (netif_ip4_addr(netif)->addr == address)
			return netif;
	}
	return NULL;
}

/* The interface of number INDEX, else that of ADDRESS, else the one that routes lead to. */
static struct netif *find(int index, uint32_t address) REQUIRES(net_core)
{
	if (index)
		return index > 0 && index <= (int)UINT8_MAX ? netif_get_by_index((u8_t)index)
							    : NULL;
	return address ? by_address(address) : netif_default;
}

bool inet_interface_exists(int index)
{
	bool found;

	net_lock();
	found = find(index, 0) != NULL;
	net_unlock();
	return found;
}

static struct membership *lookup(struct inet_socket *inet, const ip_addr_t *group,
				 uint8_t interface) REQUIRES(net_core)
{
	struct membership *membership;

	list_for_each_entry (membership, &inet->memberships, node)
		if (ip_addr_cmp(&membership->group, group) &&
		    (!interface || membership->interface == interface))
			return membership;
	return NULL;
}

static int join(struct inet_socket *inet, const ip_addr_t *group, struct netif *netif)
	REQUIRES(net_core)
{
	struct membership *membership;
	err_t error;

	if (!ip_addr_ismulticast(group))
		return -EINVAL;
	if (!netif)
		return -ENODEV;
	if (lookup(inet, group, netif_get_index(netif)))
		return -EADDRINUSE;
	membership = kzalloc(sizeof(*membership));
	if (!membership)
		return -ENOBUFS;
	error = IP_IS_V6(group) ? mld6_joingroup_netif(netif, ip_2_ip6(group))
				: igmp_joingroup_netif(netif, ip_2_ip4(group));
	if (error != ERR_OK) {
		kfree(membership);
		return error == ERR_VAL ? -ENODEV : net_error(error);
	}
	ip_addr_copy(membership->group, *group);
	membership->interface = netif_get_index(netif);
	list_push_back(&inet->memberships, &membership->node);
	return 0;
}

static void leave(struct membership *membership) REQUIRES(net_core)
{
	struct netif *netif = netif_get_by_index(membership->interface);

	if (netif && IP_IS_V6_VAL(membership->group))
		(void)mld6_leavegroup_netif(netif, ip_2_ip6(&membership->group));
	else if (netif)
		(void)igmp_leavegroup_netif(netif, ip_2_ip4(&membership->group));
	list_remove(&membership->node);
	kfree(membership);
}

void inet_leave_all(struct inet_socket *inet)
{
	struct list_node *node;

	while ((node = list_front(&inet->memberships)))
		leave(list_entry(node, struct membership, node));
}

static int change(struct inet_socket *inet, bool joins, const ip_addr_t *group, int index,
		  uint32_t address)
{
	struct membership *membership;
	struct netif *netif;
	int error = 0;

	net_lock();
	netif = find(index, address);
	if (joins) {
		error = join(inet, group, netif);
	} else {
		membership = lookup(inet, group, netif ? netif_get_index(netif) : 0);
		if (membership)
			leave(membership);
		else
			error = netif ? -EADDRNOTAVAIL : -ENODEV;
	}
	net_unlock();
	return error;
}

/* struct ip_mreqn, or the shorter ip_mreq. */
static int read_mreqn(const void *value, size_t size, struct ip_mreqn *out)
{
	memset(out, 0, sizeof(*out));
	if (size < sizeof(struct ip_mreq))
		return -EINVAL;
	memcpy(out, value, MIN(size, sizeof(*out)));
	if (size < sizeof(*out))
		out->imr_ifindex = 0;
	return 0;
}

static int change4(struct inet_socket *inet, bool joins, const void *value, size_t size)
{
	struct ip_mreqn request;
	ip_addr_t group;
	int error = read_mreqn(value, size, &request);

	if (error)
		return error;
	ip_addr_set_ip4_u32_val(group, request.imr_multiaddr.s_addr);
	return change(inet, joins, &group, request.imr_ifindex, request.imr_address.s_addr);
}

static int change6(struct inet_socket *inet, bool joins, const void *value, size_t size)
{
	struct ipv6_mreq request;
	ip6_addr_t group6;
	ip_addr_t group;

	if (size < sizeof(request))
		return -EINVAL;
	memcpy(&request, value, sizeof(request));
	memcpy(group6.addr, &request.ipv6mr_multiaddr, sizeof(group6.addr));
	ip6_addr_clear_zone(&group6);
	ip_addr_copy_from_ip6(group, group6);
	return change(inet, joins, &group, request.ipv6mr_ifindex, 0);
}

/* IP_MULTICAST_IF: an address, or one of the structures above. */
static int set_interface(struct inet_socket *inet, const void *value, size_t size)
{
	struct ip_mreqn request = {0};
	struct netif *netif = NULL;
	int error = 0;

	if (inet->socket.type == SOCK_STREAM || size < sizeof(struct in_addr))
		return -EINVAL;
	if (size < sizeof(struct ip_mreq))
		memcpy(&request.imr_address, value, sizeof(struct in_addr));
	else
		error = read_mreqn(value, size, &request);
	net_lock();
	if (request.imr_ifindex || request.imr_address.s_addr) {
		netif = find(request.imr_ifindex, request.imr_address.s_addr);
		if (!netif)
			error = request.imr_ifindex ? -ENODEV : -EADDRNOTAVAIL;
	}
	if (!error) {
		inet->options.multicast_index = netif ? netif_get_index(netif) : 0;
		inet->options.multicast_address = request.imr_address.s_addr;
	}
	net_unlock();
	return error;
}

int inet_multicast_interface(struct inet_socket *inet, void *value, size_t *size)
{
	return socket_option_return(value, size, &inet->options.multicast_address,
				    sizeof(inet->options.multicast_address));
}

int inet_membership(struct inet_socket *inet, int level, int name, const void *value, size_t size)
{
	bool v4 = level == IPPROTO_IP;

	if (v4 && name == IP_MULTICAST_IF)
		return set_interface(inet, value, size);
	if (v4 ? name != IP_ADD_MEMBERSHIP && name != IP_DROP_MEMBERSHIP
	       : name != IPV6_ADD_MEMBERSHIP && name != IPV6_DROP_MEMBERSHIP)
		return -ENOPROTOOPT;
	if (inet->socket.type == SOCK_STREAM)
		return -EPROTO;
	return v4 ? change4(inet, name == IP_ADD_MEMBERSHIP, value, size)
		  : change6(inet, name == IPV6_ADD_MEMBERSHIP, value, size);
}
