/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interfaces: "lo", and "eth0" when the machine has a card. netif.c brings eth0 up and gets its
 * addresses, netif_card.c moves frames between lwIP and the card's driver.
 */
#ifndef NET_NETIF_H
#define NET_NETIF_H

#include <lwip/netif.h>

#include "stack.h"

struct net_device;

/* How long a call that needs an address waits for one, counted from the stack's start. */
#define NETIF_WAIT4_NS (5 * NS_PER_SEC)
#define NETIF_WAIT6_NS (5 * NS_PER_SEC / 2)

/* Finds the card and sets up its interface; DHCP goes on by itself. */
void netif_start(void) REQUIRES(net_core);
/* Is an address still being obtained? */
bool netif_configuring(void) REQUIRES(net_core);
/* Waits until there is an address for the way to IP (or the kind of V6 when IP is NULL), at most
 * for the time above; a signal ends the wait. No lock held. */
void netif_await(const ip_addr_t *ip, bool v6);

bool netif_is_loopback(const struct netif *netif);
/* Linux's name: "lo", "eth0". */
#define NETIF_NAME_SIZE 16u /* IFNAMSIZ */
void netif_name_of(const struct netif *netif, char *name, size_t size);
/* The interface that Linux would call NAME, or NULL. */
struct netif *netif_named(const char *name) REQUIRES(net_core);
/* Linux's flags, type (ARPHRD_...) and MTU of an interface (netdevice(7)). */
#define IFF_RUNNING 0x40u
unsigned netif_linux_flags(const struct netif *netif) REQUIRES(net_core);
unsigned netif_linux_type(const struct netif *netif);
unsigned netif_linux_mtu(const struct netif *netif) REQUIRES(net_core);

/* What has passed an interface since its start. */
struct netif_counters {
	uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors, tx_packets, tx_bytes, tx_dropped;
};
void netif_counters(const struct netif *netif, struct netif_counters *out) REQUIRES(net_core);

/* netif_ioctl.c: SIOCGIF..., of sockets of any family. Starts the stack. -ENOTTY: not one of them.
 */
long netif_ioctl(unsigned command, uintptr_t argument);

/* The name servers that DHCP has named: how many of MAX. */
unsigned netif_name_servers(ip_addr_t *servers, unsigned max) REQUIRES(net_core);

/* netif_card.c */
void netif_card_counters(struct netif_counters *out) REQUIRES(net_core);
/* Makes NETIF the interface of DEVICE. 0 or -errno. */
must_check int netif_card_attach(struct netif *netif, struct net_device *device) REQUIRES(net_core);
/* Takes in what the card has received, from the network task. Was there anything? */
bool netif_serve(void) REQUIRES(net_core);
/* Hands the frames of this section to the card. */
void netif_flush(void) REQUIRES(net_core);

/* netif_tso.c */
#define NETIF_TSO_FRAMES_MAX 48u
/* Sends as many of the first COUNT (at most NETIF_TSO_FRAMES_MAX) of WAITING frames as fit together
 * as one frame; *ERROR as transmit says. How many, 0: the first one cannot be merged with the
 * second. On success the caller's references of those frames are taken over. */
unsigned netif_tso_send(struct net_device *device, struct pbuf *const *frames, unsigned count,
			unsigned waiting, int *error) REQUIRES(net_core);

#endif /* NET_NETIF_H */
