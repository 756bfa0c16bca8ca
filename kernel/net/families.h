/* SPDX-License-Identifier: BSD-3-Clause */
/* The address families that there are. */
#ifndef NET_FAMILIES_H
#define NET_FAMILIES_H

#include <net/socket.h>

extern const struct socket_family inet_family, inet6_family, unix_family, netlink_family;

/* The family of number FAMILY, or NULL. */
const struct socket_family *socket_family_find(int family);

#endif /* NET_FAMILIES_H */
