/* SPDX-License-Identifier: BSD-3-Clause */
/* See channel_port.h. */
#include "channel_port.h"

#include "message.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 8

static int listen_on(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int err = -errno;
	close(fd);
	return err;
}

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
	host->listener = listen_on(options->port);
	if (host->listener >= 0)
		return 0;
	proxy_message("port %u for the host channel (HERMIT_PORT): %s", options->port,
		      strerror(-host->listener));
	return STATUS_PROXY;
}
