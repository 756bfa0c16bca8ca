/* SPDX-License-Identifier: BSD-3-Clause */
/* Which network card this machine has. */
#include <drivers/net.h>

#include <asm/errno.h>
#include <core/log.h>

#include "net_cards.h"

struct net_device *net_device_find(const char *cmdline)
{
	struct net_device *device = NULL;
	int error = virtio_net_find(cmdline, &device);

	if (error == -ENODEV)
		error = e1000_find(&device);
	if (error == -ENODEV)
		error = rtl8139_find(&device);
	if (error == -ENODEV)
		return NULL;
	if (error) {
		log_error("net: the network card cannot be used (error %d)", -error);
		return NULL;
	}
	log_info(
		"net: %s, address %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, features %x, up to %u queues",
		device->name, device->mac[0], device->mac[1], device->mac[2], device->mac[3],
		device->mac[4], device->mac[5], device->mtu, device->features, device->queues_max);
	return device;
}
