/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of levels IPPROTO_IP and IPPROTO_IPV6 (ip(7), ipv6(7)), for TCP and UDP. */
#include "inet.h"

#include <asm/errno.h>
#include <asm/socket.h>
#include <lib/string.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <lwip/netif.h>

/* The flag that an option sets, or NULL. */
static bool *flag4(struct inet_options *options, int name)
{
	switch (name) {
	case IP_MULTICAST_LOOP:
		return &options->multicast_loop;
	case IP_PKTINFO:
		return &options->packet_info;
	case IP_RECVTTL:
		return &options->receive_ttl;
	case IP_RECVTOS:
		return &options->receive_tos;
	case IP_RECVERR:
		return &options->receive_errors;
	case IP_FREEBIND:
		return &options->free_bind;
	case IP_BIND_ADDRESS_NO_PORT:
		return &options->bind_no_port;
	case IP_MULTICAST_ALL:
		return &options->multicast_all;
	default:
		return NULL;
	}
}

static bool *flag6(struct inet_options *options, int name)
{
	switch (name) {
	case IPV6_MULTICAST_LOOP:
		return &options->multicast_loop;
	case IPV6_RECVPKTINFO:
		return &options->packet_info;
	case IPV6_RECVHOPLIMIT:
		return &options->receive_ttl;
	case IPV6_RECVTCLASS:
		return &options->receive_tos;
	case IPV6_RECVERR:
		return &options->receive_errors;
	case IPV6_FREEBIND:
		return &options->free_bind;
	default:
		return NULL;
	}
}

/* A value of LEAST .. MOST, or -1 for DEFAULT_VALUE. */
static int set_bounded(int *out, int value, int least, int most, int default_value)
{
	if (value == -1)
		value = default_value;
	if (value != default_value && (value < least || value > most))
		return -EINVAL;
	*out = value;
	return 0;
}

/* IP_TTL ...: an int, or a byte as old programs give it. */
static int read_value(const void *value, size_t size, int *out)
{
	*out = 0;
	if (size >= sizeof(*out))
		memcpy(out, value, sizeof(*out));
	else if (size)
		*out = *(const uint8_t *)value;
	else
		return -EINVAL;
	return 0;
}

static int set4(struct inet_socket *inet, int name, int value)
{
	struct inet_options *options = &inet->options;
	bool *flag = flag4(options, name);

	if (flag) {
		*flag = value;
		return 0;
	}
	switch (name) {
	case IP_TTL:
		return set_bounded(&options->ttl, value, 1, 255, -1);
	case IP_TOS:
		options->tos = value & 0xff;
		return 0;
	case IP_MTU_DISCOVER:
		return set_bounded(&options->mtu_discover, value, 0, IP_PMTUDISC_OMIT,
				   options->mtu_discover);
	case IP_MULTICAST_TTL:
		if (inet->socket.type == SOCK_STREAM)
			return -EINVAL;
		return set_bounded(&options->multicast_ttl, value, 0, 255, 1);
	default:
		return -ENOPROTOOPT;
	}
}

static int set6(struct inet_socket *inet, int name, int value)
{
	struct inet_options *options = &inet->options;
	bool *flag = flag6(options, name);

	if (flag) {
		*flag = value;
		return 0;
	}
	switch (name) {
	case IPV6_V6ONLY:
		return inet_set_v6only(inet, value);
	case IPV6_UNICAST_HOPS:
		return set_bounded(&options->ttl, value, 0, 255, -1);
	case IPV6_MULTICAST_HOPS:
		return set_bounded(&options->multicast_ttl, value, 0, 255, 1);
	case IPV6_TCLASS:
		return set_bounded(&options->tos, value, 0, 255, 0);
	case IPV6_MTU_DISCOVER:
		return set_bounded(&options->mtu_discover, value, 0, IPV6_PMTUDISC_OMIT,
				   options->mtu_discover);
	case IPV6_MULTICAST_IF:
		if (value && !inet_interface_exists(value))
			return -ENODEV;
		options->multicast_index = (uint8_t)value;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* May level IPPROTO_IPV6 be asked of this socket? IPPROTO_IP may of both. */
static bool level_fits(const struct inet_socket *inet, int level)
{
	return level == IPPROTO_IP || (level == IPPROTO_IPV6 && inet->socket.family == AF_INET6);
}

int inet_option_set(struct inet_socket *inet, int level, int name, const void *value, size_t size)
{
	int number, error;

	if (!level_fits(inet, level))
		return -ENOPROTOOPT;
	error = inet_membership(inet, level, name, value, size);
	if (error != -ENOPROTOOPT)
		return error;
	error = read_value(value, size, &number);
	if (error)
		return error;
	if (level == IPPROTO_IPV6 && size < sizeof(int))
		return -EINVAL;
	return level == IPPROTO_IP ? set4(inet, name, number) : set6(inet, name, number);
}

static int get4(struct inet_socket *inet, int name, int *out)
{
	const struct inet_options *options = &inet->options;
	const bool *flag = flag4(&inet->options, name);

	if (flag) {
		*out = *flag;
		return 0;
	}
	switch (name) {
	case IP_TTL:
		*out = options->ttl < 0 ? IP_DEFAULT_TTL : options->ttl;
		return 0;
	case IP_TOS:
		*out = options->tos;
		return 0;
	case IP_MTU_DISCOVER:
		*out = options->mtu_discover;
		return 0;
	case IP_MULTICAST_TTL:
		*out = options->multicast_ttl;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int get6(struct inet_socket *inet, int name, int *out)
{
	const struct inet_options *options = &inet->options;
	const bool *flag = flag6(&inet->options, name);

	if (flag) {
		*out = *flag;
		return 0;
	}
	switch (name) {
	case IPV6_V6ONLY:
		*out = options->v6only;
		return 0;
	case IPV6_UNICAST_HOPS:
		*out = options->ttl < 0 ? IP_DEFAULT_TTL : options->ttl;
		return 0;
	case IPV6_MULTICAST_HOPS:
		*out = options->multicast_ttl;
		return 0;
	case IPV6_TCLASS:
		*out = options->tos;
		return 0;
	case IPV6_MTU_DISCOVER:
		*out = options->mtu_discover;
		return 0;
	case IPV6_MULTICAST_IF:
		*out = options->multicast_index;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* IP_MTU, IPV6_MTU: of the way to the peer. */
static int path_mtu(struct inet_socket *inet, int *out)
{
	const struct netif *netif = NULL;

	net_lock();
	if (inet->pcb && !ip_addr_isany(&inet->pcb->remote_ip))
		netif = ip_route(&inet->pcb->local_ip, &inet->pcb->remote_ip);
	net_unlock();
	if (!netif)
		return -ENOTCONN;
	*out = netif->mtu;
	return 0;
}

int inet_option_get(struct inet_socket *inet, int level, int name, void *value, size_t *size)
{
	bool mtu = (level == IPPROTO_IP && name == IP_MTU) ||
		   (level == IPPROTO_IPV6 && name == IPV6_MTU);
	uint8_t byte;
	int number, error;

	if (!level_fits(inet, level))
		return level == SOL_SOCKET || level == IPPROTO_IPV6 ? -ENOPROTOOPT : -EOPNOTSUPP;
	if (level == IPPROTO_IP && name == IP_MULTICAST_IF)
		return inet_multicast_interface(inet, value, size);
	if (mtu)
		error = path_mtu(inet, &number);
	else
		error = level == IPPROTO_IP ? get4(inet, name, &number) : get6(inet, name, &number);
	if (error)
		return error;
	/* A short buffer gets a byte, as on Linux. */
	if (level == IPPROTO_IP && *size && *size < sizeof(number) && number >= 0 &&
	    number <= (int)UINT8_MAX) {
		byte = (uint8_t)number;
		return socket_option_return(value, size, &byte, sizeof(byte));
	}
	return socket_option_return(value, size, &number, sizeof(number));
}
