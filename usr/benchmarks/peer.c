/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets of the network benchmarks; see peer.h. No state, no locks. */
#include "peer.h"
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

int peer_listen(int type, uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	bench_check(fd < 0, "socket");
	bench_check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0,
		    "SO_REUSEADDR");
	bench_check(bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0, "bind");
	bench_check(type == SOCK_STREAM && listen(fd, BACKLOG) != 0, "listen");
	return fd;
}

uint16_t peer_port(int fd)
{
	struct sockaddr_in own;
	socklen_t size = sizeof(own);

	bench_check(getsockname(fd, (struct sockaddr *)&own, &size) != 0, "getsockname");
	return ntohs(own.sin_port);
}

int peer_connect(int type, const char *address, uint16_t port)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	bench_check(fd < 0, "socket");
	errno = EINVAL;
	bench_check(inet_pton(AF_INET, address, &peer.sin_addr) != 1, address);
	bench_check(connect(fd, (struct sockaddr *)&peer, sizeof(peer)) != 0, "connect");
	return fd;
}

void peer_no_delay(int fd)
{
	int one = 1;

	bench_check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0,
		    "TCP_NODELAY");
}

bool peer_receive(int fd, void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t part = read(fd, (char *)data + done, size - done);

		if (part == 0 && done == 0)
			return false;
		if (part == 0)
			errno = ECONNRESET;
		bench_check(part <= 0, "read");
		done += (size_t)part;
	}
	return true;
}

void peer_send(int fd, const void *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t part = write(fd, (const char *)data + done, size - done);

		bench_check(part < 0, "write");
		done += (size_t)part;
	}
}
