/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The card's interface: its addresses, from the kernel's command line (hermit.ip, hermit.mask,
 * hermit.gateway) or from DHCP; IPv6 addresses from router advertisements. Calls that lead to
 * another machine while DHCP is under way wait for its end (netif_await).
 */
#include "netif.h"

#include <core/clock.h>
#include <core/log.h>
#include <drivers/net.h>
#include <lib/parse.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <lwip/dhcp.h>
#include <lwip/nd6.h>
#include <net/net.h>

#include "hooks.h"

#define ADDRESS_TEXT 20u
#define NAME_SERVERS 3u

static struct netif eth0 GUARDED_BY(net_core);
static ip_addr_t name_servers[NAME_SERVERS] GUARDED_BY(net_core);
static _Atomic bool have_card, have_ip4, have_ip6;
static uint64_t started_ns;
static struct wait_queue configured;

void dns_setserver(u8_t number, const ip_addr_t *server) NO_THREAD_SAFETY
{
	if (number < NAME_SERVERS && server)
		ip_addr_copy(name_servers[number], *server);
}

unsigned netif_name_servers(ip_addr_t *servers, unsigned max)
{
	unsigned count = 0;

	for (unsigned i = 0; i < NAME_SERVERS && count < max; i++)
		if (!ip_addr_isany_val(name_servers[i]))
			servers[count++] = name_servers[i];
	return count;
}

size_t net_resolv_conf(char *text, size_t size)
{
	ip_addr_t servers[NAME_SERVERS];
	char address[IPADDR_STRLEN_MAX];
	size_t length = 0;
	unsigned count;

	if (net_start())
		return 0;
	netif_await(NULL, false);
	net_lock();
	count = netif_name_servers(servers, NAME_SERVERS);
	if (!count && atomic_load(&have_ip4)) { /* fixed addresses: whoever leads out may know */
		ip_addr_copy_from_ip4(servers[0], *netif_ip4_gw(&eth0));
		count = 1;
	}
	net_unlock();
	for (unsigned i = 0; i < count && length < size; i++) {
		ipaddr_ntoa_r(&servers[i], address, sizeof(address));
		length += ksnprintf(text + length, size - length, "nameserver %s\n", address);
	}
	return MIN(length, size - 1);
}

bool netif_configuring(void)
{
	return atomic_load(&have_card) && !atomic_load(&have_ip4);
}

bool netif_is_loopback(const struct netif *netif)
{
	return netif->name[0] == 'l' && netif->name[1] == 'o';
}

void netif_name_of(const struct netif *netif, char *name, size_t size)
{
	strlcpy(name, netif_is_loopback(netif) ? "lo" : "eth0", size);
}

static bool has_ip6(const struct netif *netif)
{
	for (int i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++) /* 0: the link's own */
		if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)))
			return true;
	return false;
}

static void status_changed(struct netif *netif)
{
	bool ip4 = !ip4_addr_isany_val(*netif_ip4_addr(netif));

	if (ip4 && !atomic_load(&have_ip4))
		log_info("net: address %u.%u.%u.%u", ip4_addr1(netif_ip4_addr(netif)),
			 ip4_addr2(netif_ip4_addr(netif)), ip4_addr3(netif_ip4_addr(netif)),
			 ip4_addr4(netif_ip4_addr(netif)));
	atomic_store(&have_ip4, ip4);
	atomic_store(&have_ip6, has_ip6(netif));
	wait_queue_wake(&configured, WAIT_ALL);
}

/* The address that option KEY of the command line gives; false when there is none. */
static bool read_option(const char *key, ip4_addr_t *address)
{
	char text[ADDRESS_TEXT];

	if (cmdline_find(net_cmdline(), key, text, sizeof(text)) <= 0)
		return false;
	if (ip4addr_aton(text, address))
		return true;
	log_warning("net: %s: %s is no address", key, text);
	return false;
}

static void configure(struct netif *netif) REQUIRES(net_core)
{
	ip4_addr_t address, mask, gateway = {0};

	(void)read_option("hermit.gateway", &gateway);
	if (read_option("hermit.ip", &address) && read_option("hermit.mask", &mask))
		netif_set_addr(netif, &address, &mask, &gateway);
	else if (dhcp_start(netif) != ERR_OK)
		log_warning("net: no memory for DHCP");
	netif_create_ip6_linklocal_address(netif, 1);
	netif_set_ip6_autoconfig_enabled(netif, 1);
	nd6_tmr(); /* asks for routers at once */
}

void netif_start(void)
{
	struct net_device *device = net_device_find(net_cmdline());
	int error;

	wait_queue_init(&configured);
	started_ns = clock_monotonic_ns();
	if (!device)
		return;
	error = netif_card_attach(&eth0, device);
	if (error) {
		log_warning("net: %s does not start (error %d)", device->name, -error);
		return;
	}
	atomic_store(&have_card, true);
	netif_set_hostname(&eth0, "hermit");
	netif_set_status_callback(&eth0, status_changed);
	netif_set_default(&eth0);
	netif_set_up(&eth0);
	configure(&eth0);
}

void netif_await(const ip_addr_t *ip, bool v6)
{
	if (!atomic_load(&have_card) ||
	    (ip && (ip_addr_isany(ip) || ip_addr_isloopback(ip) || ip_addr_islinklocal(ip))))
		return;
	if (ip ? IP_IS_V6(ip) : v6)
		(void)wait_event(&configured, WAIT_INTERRUPTIBLE, started_ns + NETIF_WAIT6_NS,
				 atomic_load(&have_ip6));
	else
		(void)wait_event(&configured, WAIT_INTERRUPTIBLE, started_ns + NETIF_WAIT4_NS,
				 atomic_load(&have_ip4));
}
