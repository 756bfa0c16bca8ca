/* SPDX-License-Identifier: BSD-3-Clause */
/* AF_INET and AF_INET6: creation of sockets, addresses in Linux's and in lwIP's form. */
#include "inet.h"

#include <asm/errno.h>
#include <lib/string.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <lwip/netif.h>

#include "families.h"
#include "netif.h"

/* Without the scope, which old programs leave out (RFC 2133). */
#define IN6_SIZE_MIN 24u

void inet_init(struct inet_socket *inet, const struct socket_ops *ops, int family, int type,
	       int protocol)
{
	socket_init(&inet->socket, ops, family, type, protocol);
	inet->options = (struct inet_options){
		.ttl = -1,
		.tos = 0,
		.multicast_ttl = 1,
		.multicast_loop = true,
		.multicast_all = true,
		.mtu_discover = IP_PMTUDISC_WANT,
	};
	list_init(&inet->memberships);
}

uint8_t inet_pcb_type(const struct inet_socket *inet)
{
	if (inet->socket.family == AF_INET)
		return IPADDR_TYPE_V4;
	return inet->options.v6only ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY;
}

int inet_set_v6only(struct inet_socket *inet, bool on)
{
	int error = 0;

	net_lock();
	if (inet->bound)
		error = -EINVAL;
	else if (inet->pcb)
		ip_addr_copy(inet->pcb->local_ip, *(on ? IP6_ADDR_ANY : IP_ANY_TYPE));
	if (!error)
		inet->options.v6only = on;
	net_unlock();
	return error;
}

static void set_so_option(struct ip_pcb *pcb, uint8_t option, bool on)
{
	if (on)
		ip_set_option(pcb, option);
	else
		ip_reset_option(pcb, option);
}

void inet_apply(struct inet_socket *inet, struct ip_pcb *pcb)
{
	const struct socket_options *options = &inet->socket.options;

	set_so_option(pcb, SOF_REUSEADDR, options->reuse_address || options->reuse_port);
	set_so_option(pcb, SOF_KEEPALIVE, options->keep_alive);
	set_so_option(pcb, SOF_BROADCAST, options->broadcast);
	pcb->ttl = (u8_t)(inet->options.ttl >= 0 ? inet->options.ttl : IP_DEFAULT_TTL);
	pcb->tos = (u8_t)inet->options.tos;
}

static int read_in(const struct socket_address *address, struct inet_address *out)
{
	struct sockaddr_in in;

	if (address->size < sizeof(in))
		return -EINVAL;
	memcpy(&in, address->bytes, sizeof(in));
	ip_addr_set_ip4_u32_val(out->ip, in.sin_addr.s_addr);
	out->port = lwip_ntohs(in.sin_port);
	return 0;
}

static int read_in6(const struct socket_address *address, struct inet_address *out)
{
	struct sockaddr_in6 in6 = {0};
	ip6_addr_t ip6;

	memcpy(&in6, address->bytes, MIN((size_t)address->size, sizeof(in6)));
	memcpy(ip6.addr, &in6.sin6_addr, sizeof(ip6.addr));
	ip6_addr_clear_zone(&ip6);
	out->port = lwip_ntohs(in6.sin6_port);
	if (ip6_addr_isipv4mappedipv6(&ip6)) {
		ip_addr_set_ip4_u32_val(out->ip, ip6.addr[3]);
		return 0;
	}
	if (ip6_addr_has_scope(&ip6, IP6_UNKNOWN))
		ip6_addr_set_zone(&ip6, (u8_t)in6.sin6_scope_id);
	ip_addr_copy_from_ip6(out->ip, ip6);
	return 0;
}

int inet_address_read(const struct inet_socket *inet, const struct socket_address *address,
		      struct inet_address *out)
{
	int error;

	memset(out, 0, sizeof(*out));
	if (address->size < sizeof(address->family) ||
	    (inet->socket.family == AF_INET6 && address->size < IN6_SIZE_MIN))
		return -EINVAL;
	if (address->family == AF_INET && inet->socket.family == AF_INET)
		return read_in(address, out);
	if (inet->socket.family != AF_INET6 || address->family != AF_INET6)
		return -EAFNOSUPPORT;
	error = read_in6(address, out);
	if (!error && inet->options.v6only && IP_IS_V4_VAL(out->ip))
		error = -ENETUNREACH;
	return error;
}

static void write_in6(const ip_addr_t *ip, uint16_t port, struct socket_address *out)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = lwip_htons(port)};
	uint32_t words[4] = {0, 0, lwip_htonl(0xffff), 0};

	if (IP_IS_V6(ip)) {
		memcpy(words, ip_2_ip6(ip)->addr, sizeof(words));
		in6.sin6_scope_id = ip6_addr_zone(ip_2_ip6(ip));
	} else if (IP_IS_ANY_TYPE_VAL(*ip)) {
		words[2] = 0;
	} else {
		words[3] = ip4_addr_get_u32(ip_2_ip4(ip));
	}
	memcpy(&in6.sin6_addr, words, sizeof(words));
	memcpy(out->bytes, &in6, sizeof(in6));
	out->size = sizeof(in6);
}

void inet_address_write(const struct inet_socket *inet, const ip_addr_t *ip, uint16_t port,
			struct socket_address *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = lwip_htons(port)};

	if (inet->socket.family == AF_INET6) {
		write_in6(ip, port, out);
		return;
	}
	in.sin_addr.s_addr = ip4_addr_get_u32(ip_2_ip4(ip));
	memcpy(out->bytes, &in, sizeof(in));
	out->size = sizeof(in);
}

void inet_destination(struct inet_address *address)
{
	if (!ip_addr_isany_val(address->ip))
		return;
	if (IP_IS_V6_VAL(address->ip))
		ip_addr_copy_from_ip6(address->ip, netif_get_by_index(1)->ip6_addr[0].u_addr.ip6);
	else
		ip_addr_set_loopback(false, &address->ip);
}

static bool is_interface_address(const ip_addr_t *ip) REQUIRES(net_core)
{
	struct netif *netif;

	NETIF_FOREACH(netif)
	{
		if (IP_IS_V4(ip) && ip4_addr_cmp(ip_2_ip4(ip), netif_ip4_addr(netif)))
			return true;
		if (IP_IS_V6(ip) && netif_get_ip6_addr_match(netif, ip_2_ip6(ip)) >= 0)
			return true;
	}
	return false;
}

struct netif *inet_route(const ip_addr_t *local, const ip_addr_t *ip)
{
	struct netif *netif = ip_route(local, ip);

	/* lwIP takes the only interface there is for the way to everywhere. */
	if (netif && netif_is_loopback(netif) && !ip_addr_isloopback(ip) &&
	    !is_interface_address(ip))
		return NULL;
	return netif;
}

int inet_check_local(const struct inet_socket *inet, const ip_addr_t *ip)
{
	if (ip_addr_isany(ip) || ip_addr_ismulticast(ip) || inet->options.free_bind)
		return 0;
	if (IP_IS_V4(ip) && ip4_addr_cmp(ip_2_ip4(ip), IP4_ADDR_BROADCAST))
		return inet->socket.type == SOCK_STREAM ? -EADDRNOTAVAIL : 0;
	return is_interface_address(ip) ? 0 : -EADDRNOTAVAIL;
}

static int create(int family, int type, int protocol, struct socket **out)
{
	int error = net_start();

	if (error)
		return error;
	switch (type) {
	case SOCK_STREAM:
		if (protocol && protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		return tcp_socket_create(family, IPPROTO_TCP, out);
	case SOCK_DGRAM:
		if (protocol && protocol != IPPROTO_UDP)
			return -EPROTONOSUPPORT;
		return udp_socket_create(family, IPPROTO_UDP, out);
	case SOCK_RAW: /* as for a user without privileges */
		return protocol ? -EPERM : -EPROTONOSUPPORT;
	default:
		return -ESOCKTNOSUPPORT;
	}
}

const struct socket_family inet_family = {.family = AF_INET, .create = create};
const struct socket_family inet6_family = {.family = AF_INET6, .create = create};
