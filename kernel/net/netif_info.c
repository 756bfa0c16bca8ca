/* SPDX-License-Identifier: BSD-3-Clause */
/* Interfaces as Linux shows them: names, flags, counters. All under the core lock. */
#include <lib/string.h>

#include "hooks.h"
#include "netif.h"

#define IFF_UP		0x1u
#define IFF_BROADCAST	0x2u
#define IFF_LOOPBACK	0x8u
#define IFF_MULTICAST	0x1000u

#define ARPHRD_ETHER	1
#define ARPHRD_LOOPBACK 772
#define LOOPBACK_MTU	65536

static struct netif_counters loopback GUARDED_BY(net_core);

struct netif *netif_named(const char *name)
{
	char other[NETIF_NAME_SIZE];
	struct netif *netif;

	NETIF_FOREACH(netif)
	{
		netif_name_of(netif, other, sizeof(other));
		if (!strncmp(name, other, sizeof(other)))
			return netif;
	}
	return NULL;
}

unsigned netif_linux_flags(const struct netif *netif)
{
	unsigned flags = netif_is_up(netif) ? IFF_UP : 0;

	if (netif_is_up(netif) && netif_is_link_up(netif))
		flags |= IFF_RUNNING;
	if (netif_is_loopback(netif))
		return flags | IFF_LOOPBACK;
	return flags | IFF_BROADCAST | IFF_MULTICAST;
}

unsigned netif_linux_type(const struct netif *netif)
{
	return netif_is_loopback(netif) ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
}

unsigned netif_linux_mtu(const struct netif *netif)
{
	return netif_is_loopback(netif) ? LOOPBACK_MTU : netif->mtu;
}

void netif_counters(const struct netif *netif, struct netif_counters *out)
{
	if (!netif_is_loopback(netif)) {
		netif_card_counters(out);
		return;
	}
	*out = loopback;
	out->tx_packets = out->rx_packets;
	out->tx_bytes = out->rx_bytes;
}

int net_seen(struct pbuf *packet, struct netif *netif) NO_THREAD_SAFETY
{
	if (netif_is_loopback(netif)) {
		loopback.rx_packets++;
		loopback.rx_bytes += packet->tot_len;
	}
	return 0;
}
