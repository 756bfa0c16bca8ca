/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP, and IPv6 sockets that serve IPv4 as well. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/check.h"

static void datagrams(int family)
{
	union address address, from;
	socklen_t size, from_size = sizeof(from);
	int port, server = bound(family, SOCK_DGRAM, &port), client, count = -1;
	char text[64] = "";

	size = loopback(&address, family, port);
	client = socket(family, SOCK_DGRAM, 0);
	show_events("new", events_of(client, POLLIN | POLLOUT, 0));
	SHOW(send(client, "x", 1, 0));
	SHOW(getpeername(client, &from.any, &from_size));
	SHOW(sendto(client, "first", 5, 0, &address.any, size));
	SHOW(sendto(client, "second one", 10, 0, &address.any, size));
	SHOW(sendto(client, "", 0, 0, &address.any, size));
	show_events("waiting", events_of(server, POLLIN | POLLOUT, 1000));
	SHOW(ioctl(server, FIONREAD, &count));
	printf("count %d\n", count);
	from_size = sizeof(from);
	SHOW(recvfrom(server, text, sizeof(text), MSG_PEEK, &from.any, &from_size));
	printf("%.5s, size %d\n", text, (int)from_size);
	CHECK(ntohs(from.in.sin_port) == port_of(client));
	SHOW(recv(server, text, 2, 0));
	SHOW(recv(server, text, 2, MSG_TRUNC));
	SHOW(recv(server, text, sizeof(text), 0));
	SHOW(recv(server, text, sizeof(text), MSG_DONTWAIT));
	SHOW(sendto(server, "answer", 6, 0, &from.any, from_size));
	SHOW(recv(client, text, sizeof(text), 0));
	SHOW(sendto(client, "x", 1, 0, &address.any, 4));
	SHOW(sendto(client, bad_pointer, 9, 0, &address.any, size));
	SHOW(listen(client, 1));
	SHOW(accept(client, NULL, NULL));
	close(client);
	close(server);
}

static void connected(int family)
{
	union address address, other;
	socklen_t size, other_size = sizeof(other);
	int port, server = bound(family, SOCK_DGRAM, &port), client, third, third_port;
	char text[64] = "";

	size = loopback(&address, family, port);
	client = socket(family, SOCK_DGRAM, 0);
	SHOW(connect(client, &address.any, size));
	SHOW(getpeername(client, &other.any, &other_size));
	CHECK(!memcmp(&address, &other, size));
	other_size = sizeof(other);
	SHOW(getsockname(client, &other.any, &other_size));
	CHECK(family == AF_INET ? other.in.sin_addr.s_addr == htonl(INADDR_LOOPBACK)
				: !memcmp(&other.in6.sin6_addr, &in6addr_loopback, 16));
	/* Only the peer's datagrams arrive. */
	third = bound(family, SOCK_DGRAM, &third_port);
	SHOW(sendto(third, "stranger", 8, 0, &other.any, other_size));
	SHOW(recv(client, text, sizeof(text), MSG_DONTWAIT));
	SHOW(send(client, "to peer", 7, 0));
	SHOW(recv(server, text, sizeof(text), 0));
	SHOW(sendto(server, "reply", 5, 0, &other.any, other_size));
	SHOW(read(client, text, sizeof(text)));
	/* Nobody listens any more. */
	close(server);
	SHOW(send(client, "x", 1, 0));
	show_events("refused", events_of(client, POLLIN | POLLERR, 1000));
	SHOW(send(client, "x", 1, 0));
	SHOW(send(client, "x", 1, 0));
	SHOW(recv(client, text, sizeof(text), 0));
	SHOW(recv(client, text, sizeof(text), MSG_DONTWAIT));
	SHOW(shutdown(client, SHUT_WR));
	SHOW(send(client, "x", 1, 0));
	SHOW(shutdown(client, SHUT_RD));
	SHOW(recv(client, text, sizeof(text), 0));
	show_events("shut down", events_of(client, POLLIN | POLLOUT | POLLRDHUP, 0));
	SHOW(shutdown(third, SHUT_WR));
	close(client);
	close(third);
}

static void sizes(int family)
{
	static char large[65536];
	union address address;
	int port, server = bound(family, SOCK_DGRAM, &port);
	int client = socket(family, SOCK_DGRAM, 0), sent = 0, received = 0;
	socklen_t size = loopback(&address, family, port);

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)(i * 31);
	SHOW(sendto(client, large, 60000, 0, &address.any, size));
	memset(large, 0, sizeof(large));
	SHOW(recv(server, large, sizeof(large), 0));
	for (size_t i = 0; i < 60000; i++)
		received += large[i] == (char)(i * 31);
	printf("right bytes: %d\n", received);
	SHOW(sendto(client, large, 65536, 0, &address.any, size));
	/* A receiver that is not quick enough loses some, the sender does not wait. */
	for (sent = 0; sent < 2000; sent++)
		if (sendto(client, large, 1000, 0, &address.any, size) != 1000)
			break;
	printf("sent %d\n", sent);
	for (received = 0; recv(server, large, 1000, MSG_DONTWAIT) == 1000; received++)
		;
	CHECK(received >= 16 && received < 2000);
	close(client);
	close(server);
}

void test_udp(int family)
{
	check_section(family == AF_INET ? "UDP" : "UDP, IPv6");
	datagrams(family);
	connected(family);
	sizes(family);
}

/* Connects by IPv4 to an IPv6 socket that listens at the address of no one. */
static void mapped(int type, int v6only)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	union address address;
	socklen_t size = sizeof(address);
	int server = socket(AF_INET6, type, 0), client = socket(AF_INET, type, 0), fd;
	char text[INET6_ADDRSTRLEN], buffer[16];

	MUST(setsockopt(server, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)));
	MUST(bind(server, (struct sockaddr *)&any, sizeof(any)));
	SHOW(setsockopt(server, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)));
	if (type == SOCK_STREAM)
		MUST(listen(server, 1));
	size = loopback(&address, AF_INET, port_of(server));
	if (SHOW(connect(client, &address.any, size)) < 0 || type == SOCK_DGRAM) {
		SHOW(send(client, "mapped", 6, MSG_NOSIGNAL));
		if (type == SOCK_DGRAM && !v6only) {
			size = sizeof(address);
			SHOW(recvfrom(server, buffer, sizeof(buffer), 0, &address.any, &size));
			inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text));
			printf("from %s\n", text);
			SHOW(sendto(server, "back", 4, 0, &address.any, size));
			SHOW(recv(client, buffer, sizeof(buffer), 0));
		}
	} else {
		size = sizeof(address);
		fd = accept(server, &address.any, &size);
		inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text));
		printf("from %s\n", text);
		size = sizeof(address);
		getsockname(fd, &address.any, &size);
		inet_ntop(AF_INET6, &address.in6.sin6_addr, text, sizeof(text));
		printf("to %s\n", text);
		close(fd);
	}
	close(client);
	close(server);
}

void test_both(void)
{
	check_section("IPv4 on IPv6 sockets");
	mapped(SOCK_STREAM, 0);
	mapped(SOCK_STREAM, 1);
	mapped(SOCK_DGRAM, 0);
	mapped(SOCK_DGRAM, 1);
}
