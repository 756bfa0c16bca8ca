/* SPDX-License-Identifier: BSD-3-Clause */
/* AF_NETLINK (netlink(7)): what the socket and the route protocol share. */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include <lib/compiler.h>
#include <lib/types.h>

/* No reply is longer: the C library reads with a page. */
#define NETLINK_REPLY_MAX 4096u

/* Messages of one datagram, and whom they answer. */
struct netlink_reply {
	uint8_t *data; /* NETLINK_REPLY_MAX bytes */
	size_t size;
	uint32_t port, sequence;
};

struct nlmsghdr;

/* Appends a message of TYPE with SIZE bytes of BODY (NULL: zeros) and returns where the body lies.
 * What has no room is a bug. */
void *netlink_put(struct netlink_reply *reply, unsigned type, unsigned flags, const void *body,
		  size_t size);

/* netlink_route.c: carries out a request of NETLINK_ROUTE, whose length has been checked. Fills
 * REPLY with what comes before the end (NLMSG_DONE). 1: a list, 0: done, or -errno. */
int netlink_route(const struct nlmsghdr *request, struct netlink_reply *reply);

#endif /* NET_NETLINK_H */
