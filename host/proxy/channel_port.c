/* SPDX-License-Identifier: BSD-3-Clause */
/* See channel_port.h. */
#include "channel_port.h"

#include "common/loopback_listener.h"
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define BACKLOG 8

int channel_port_open(const struct options *options, struct qemu_host *host)
{
	unsigned char random[(sizeof(host->token) - 1) / 2];

	host->token[0] = '\0';
	host->listener = -1;
	if (!options->port_given)
		return 0;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		proxy_message("no random numbers: %s", strerror(errno));
		return STATUS_PROXY;
	}
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(host->token + 2 * i, 3, "%02x", random[i]);
	host->listener = loopback_listen((uint16_t)options->port, BACKLOG);
	if (host->listener >= 0)
		return 0;
	proxy_message("port %u for the host channel (HERMIT_PORT): %s", options->port,
		      strerror(-host->listener));
	return STATUS_PROXY;
}
