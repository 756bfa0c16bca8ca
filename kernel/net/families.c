/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of address families. A new one adds its line here. */
#include "families.h"

static const struct socket_family *const families[] = {
	&inet_family,
	&inet6_family,
	&unix_family,
	&netlink_family,
};

const struct socket_family *socket_family_find(int family)
{
	for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i]->family == family)
			return families[i];
	return NULL;
}
