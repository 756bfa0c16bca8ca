/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets over the loopback interface: each call with good and bad arguments, IPv4 and IPv6. Prints
 * nothing that depends on ports or times.
 */
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/check.h"

socklen_t loopback(union address *address, int family, int port)
{
	memset(address, 0, sizeof(*address));
	if (family == AF_INET6) {
		address->in6.sin6_family = AF_INET6;
		address->in6.sin6_addr = in6addr_loopback;
		address->in6.sin6_port = htons((unsigned short)port);
		return sizeof(address->in6);
	}
	address->in.sin_family = AF_INET;
	address->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address->in.sin_port = htons((unsigned short)port);
	return sizeof(address->in);
}

int port_of(int fd)
{
	union address address;
	socklen_t size = sizeof(address);

	MUST(getsockname(fd, &address.any, &size));
	return ntohs(address.in.sin_port);
}

int bound(int family, int type, int *port)
{
	union address address;
	socklen_t size = loopback(&address, family, 0);
	int fd = socket(family, type, 0);

	MUST(fd);
	MUST(bind(fd, &address.any, size));
	*port = port_of(fd);
	return fd;
}

int listening(int family, int *port)
{
	int fd = bound(family, SOCK_STREAM, port);

	MUST(listen(fd, 16));
	return fd;
}

void tcp_pair(int family, int ends[2])
{
	union address address;
	int port, listener = listening(family, &port);
	socklen_t size = loopback(&address, family, port);

	ends[0] = socket(family, SOCK_STREAM, 0);
	MUST(ends[0]);
	MUST(connect(ends[0], &address.any, size));
	ends[1] = accept(listener, NULL, NULL);
	MUST(ends[1]);
	MUST(close(listener));
}

int events_of(int fd, int events, int ms)
{
	struct pollfd entry = {.fd = fd, .events = (short)events};

	MUST(poll(&entry, 1, ms));
	return entry.revents;
}

void show_events(const char *text, int events)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = {{POLLIN, "IN"},   {POLLPRI, "PRI"},   {POLLOUT, "OUT"},	{POLLERR, "ERR"},
		     {POLLHUP, "HUP"}, {POLLNVAL, "NVAL"}, {POLLRDHUP, "RDHUP"}};

	printf("%s:", text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (events & names[i].bit)
			printf(" %s", names[i].name);
	printf("\n");
}

static unsigned char pattern(size_t at)
{
	return (unsigned char)(at * 7 + (at >> 8) * 13 + (at >> 16));
}

void send_pattern(int fd, size_t from, size_t size)
{
	static __thread unsigned char buffer[32768];
	ssize_t moved;

	while (size) {
		size_t part = size < sizeof(buffer) ? size : sizeof(buffer);

		for (size_t i = 0; i < part; i++)
			buffer[i] = pattern(from + i);
		moved = write(fd, buffer, part);
		MUST(moved);
		from += (size_t)moved;
		size -= (size_t)moved;
	}
}

int receive_pattern(int fd, size_t from, size_t size)
{
	static __thread unsigned char buffer[32768];
	ssize_t moved;

	while (size) {
		moved = read(fd, buffer, size < sizeof(buffer) ? size : sizeof(buffer));
		MUST(moved);
		if (!moved)
			return 0;
		for (size_t i = 0; i < (size_t)moved; i++)
			if (buffer[i] != pattern(from + i))
				return 0;
		from += (size_t)moved;
		size -= (size_t)moved;
	}
	return 1;
}

/* What only a privileged user may open; nobody is, from here on. */
static void privileged(void)
{
	check_section("raw sockets");
	if (!geteuid())
		MUST(setresuid(65534, 65534, 65534));
	SHOW(socket(AF_INET, SOCK_RAW, 0));
	SHOW(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	SHOW(socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
	SHOW(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
	SHOW(socket(AF_PACKET, SOCK_RAW, 0));
	SHOW(socket(AF_PACKET, SOCK_DGRAM, htons(0x0800)));
	SHOW(socket(AF_PACKET, 12345, 0));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	alarm(50); /* nothing may hang */
	test_create();
	test_tcp(AF_INET);
	test_tcp(AF_INET6);
	test_tcp_ends(AF_INET);
	test_tcp_ends(AF_INET6);
	test_udp(AF_INET);
	test_udp(AF_INET6);
	test_both();
	test_options();
	test_messages();
	test_waiting();
	test_errors();
	privileged();
	return check_done();
}
