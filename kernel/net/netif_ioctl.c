/* SPDX-License-Identifier: BSD-3-Clause */
/* What netdevice(7) tells of interfaces: SIOCGIF... There is "lo", and the card's "eth0". */
#include <arch/user.h>
#include <asm/errno.h>
#include <lib/string.h>
#include <linux/in.h>
#include <linux/sockios.h>
#include <lwip/netif.h>

#include <net/abi.h>

#include "netif.h"

/* struct ifreq: <linux/if.h> cannot be had without the C library's headers. */
struct ifreq {
	char name[NETIF_NAME_SIZE];
	union {
		struct sockaddr_in address;
		struct {
			uint16_t type;
			uint8_t bytes[14];
		} hardware;
		uint16_t flags;
		int32_t number;
		uint8_t room[24];
	};
};
_Static_assert(sizeof(struct ifreq) == 40, "struct ifreq");

struct ifconf {
	int32_t size;
	uint32_t pad;
	uint64_t buffer;
};

static void put_address(struct ifreq *request, uint32_t address)
{
	memset(request->room, 0, sizeof(request->room));
	request->address.sin_family = AF_INET;
	request->address.sin_addr.s_addr = address;
}

static int answer(struct ifreq *request, const struct netif *netif, unsigned command)
	REQUIRES(net_core)
{
	uint32_t address = netif_ip4_addr(netif)->addr, mask = netif_ip4_netmask(netif)->addr;
	bool loopback = netif_is_loopback(netif);

	switch (command) {
	case SIOCGIFFLAGS:
		request->flags = (uint16_t)netif_linux_flags(netif);
		return 0;
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
		if (!address)
			return -EADDRNOTAVAIL;
		put_address(request, address);
		return 0;
	case SIOCGIFBRDADDR:
		put_address(request, loopback ? 0 : address | ~mask);
		return 0;
	case SIOCGIFNETMASK:
		put_address(request, mask);
		return 0;
	case SIOCGIFMTU:
		request->number = (int32_t)netif_linux_mtu(netif);
		return 0;
	case SIOCGIFINDEX:
		request->number = netif_get_index((struct netif *)(uintptr_t)netif);
		return 0;
	case SIOCGIFHWADDR:
		memset(request->room, 0, sizeof(request->room));
		request->hardware.type = (uint16_t)netif_linux_type(netif);
		memcpy(request->hardware.bytes, netif->hwaddr, netif->hwaddr_len);
		return 0;
	case SIOCGIFMETRIC:
	case SIOCGIFTXQLEN:
		request->number = command == SIOCGIFTXQLEN ? 1000 : 0;
		return 0;
	default:
		return -ENOTTY;
	}
}

static long list_interfaces(uintptr_t argument)
{
	struct ifreq requests[2];
	struct ifconf config;
	struct netif *netif;
	size_t count = 0, size;

	if (arch_user_read(&config, argument, sizeof(config)))
		return -EFAULT;
	memset(requests, 0, sizeof(requests));
	netif_await(NULL, false);
	net_lock();
	for (unsigned index = 1; index <= ARRAY_SIZE(requests); index++) {
		netif = netif_get_by_index((u8_t)index);
		if (!netif || !netif_ip4_addr(netif)->addr)
			continue;
		netif_name_of(netif, requests[count].name, NETIF_NAME_SIZE);
		put_address(&requests[count++], netif_ip4_addr(netif)->addr);
	}
	net_unlock();
	size = count * sizeof(requests[0]);
	if (config.buffer) {
		size = MIN(size, (size_t)MAX(config.size, 0));
		size -= size % sizeof(requests[0]);
		if (arch_user_write(config.buffer, requests, size))
			return -EFAULT;
	}
	config.size = (int32_t)size;
	return arch_user_write(argument, &config, sizeof(config));
}

static long name_by_index(uintptr_t argument)
{
	struct ifreq request;
	struct netif *netif;

	if (arch_user_read(&request, argument, sizeof(request)))
		return -EFAULT;
	net_lock();
	netif = request.number > 0 && request.number <= (int)UINT8_MAX
			? netif_get_by_index((u8_t)request.number)
			: NULL;
	if (netif)
		netif_name_of(netif, request.name, sizeof(request.name));
	net_unlock();
	return netif ? arch_user_write(argument, &request, sizeof(request)) : -ENODEV;
}

long netif_ioctl(unsigned command, uintptr_t argument)
{
	const struct netif *netif;
	struct ifreq request;
	int error;

	if (command < SIOCGIFNAME || command > SIOCGIFTXQLEN)
		return -ENOTTY;
	error = net_start();
	if (error)
		return error;
	if (command == SIOCGIFCONF)
		return list_interfaces(argument);
	if (command == SIOCGIFNAME)
		return name_by_index(argument);
	if (arch_user_read(&request, argument, sizeof(request)))
		return -EFAULT;
	request.name[NETIF_NAME_SIZE - 1] = '\0';
	if (command != SIOCGIFINDEX && command != SIOCGIFHWADDR && command != SIOCGIFMTU)
		netif_await(NULL, false);
	net_lock();
	netif = netif_named(request.name);
	error = netif ? answer(&request, netif, command) : -ENODEV;
	net_unlock();
	return error ? error : arch_user_write(argument, &request, sizeof(request));
}
