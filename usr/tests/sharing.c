/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SO_REUSEPORT: listening sockets and UDP sockets that share a port share what comes in.
 * SO_RCVBUF and SO_SNDBUF: how much a connection and a queue hold.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"

#define SHARERS 4
#define PEERS	200
#define PIECE	1024

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t loopback(union address *address, int family, int port)
{
	memset(address, 0, sizeof(*address));
	address->any.sa_family = (sa_family_t)family;
	address->in.sin_port = htons((unsigned short)port); /* in6 has it in the same place */
	if (family == AF_INET6) {
		address->in6.sin6_addr = in6addr_loopback;
		return sizeof(address->in6);
	}
	address->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(address->in);
}

static int port_of(int fd)
{
	union address address;
	socklen_t size = sizeof(address);

	MUST(getsockname(fd, &address.any, &size));
	return ntohs(address.in.sin_port);
}

static int set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static int get(int fd, int name)
{
	socklen_t size = sizeof(int);
	int value = -1;

	MUST(getsockopt(fd, SOL_SOCKET, name, &value, &size));
	return value;
}

static int open_sharer(int family, int type, int port)
{
	union address address;
	socklen_t size = loopback(&address, family, port);
	int fd = socket(family, type, 0);

	MUST(set(fd, SO_REUSEPORT, 1));
	MUST(bind(fd, &address.any, size));
	if (type == SOCK_STREAM)
		MUST(listen(fd, PEERS));
	return fd;
}

/* Peers that each send a byte, or connect, from a port of their own; how many each sharer gets. */
static void share(int family, int type)
{
	int sharers[SHARERS], peers[PEERS], got[SHARERS] = {0}, total = 0, least = PEERS;
	union address address;
	socklen_t size;
	char byte = 'x';

	sharers[0] = open_sharer(family, type, 0);
	for (int i = 1; i < SHARERS; i++)
		sharers[i] = open_sharer(family, type, port_of(sharers[0]));
	size = loopback(&address, family, port_of(sharers[0]));
	for (int i = 0; i < PEERS; i++) {
		peers[i] = socket(family, type, 0);
		MUST(connect(peers[i], &address.any, size));
		MUST(write(peers[i], &byte, 1));
		if (type == SOCK_DGRAM) /* the same peer, the same socket */
			MUST(write(peers[i], &byte, 1));
	}
	for (int i = 0; i < SHARERS; i++) {
		struct pollfd entry = {.fd = sharers[i], .events = POLLIN};

		while (poll(&entry, 1, 200) == 1) {
			int fd = type == SOCK_STREAM ? accept(sharers[i], NULL, NULL) : -1;

			if (type == SOCK_DGRAM)
				MUST(recv(sharers[i], &byte, 1, 0));
			else
				MUST(close(fd));
			got[i]++;
		}
		total += got[i];
		least = got[i] < least ? got[i] : least;
		if (type == SOCK_DGRAM)
			CHECK(got[i] % 2 == 0);
	}
	printf("in all %d\n", total);
	CHECK(least > PEERS / SHARERS / 4);
	for (int i = 0; i < PEERS; i++)
		close(peers[i]);
	for (int i = 0; i < SHARERS; i++)
		close(sharers[i]);
}

/* Who is left gets all. */
static void leave(void)
{
	int first = open_sharer(AF_INET, SOCK_STREAM, 0);
	int second = open_sharer(AF_INET, SOCK_STREAM, port_of(first));
	union address address;
	socklen_t size = loopback(&address, AF_INET, port_of(first));
	struct pollfd entry = {.fd = second, .events = POLLIN};
	int refused = 0, accepted = 0;

	close(first);
	for (int i = 0; i < 20; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		refused += connect(fd, &address.any, size) != 0;
		if (poll(&entry, 1, 2000) == 1)
			accepted += close(accept(second, NULL, NULL)) == 0;
		close(fd);
	}
	printf("refused %d accepted %d\n", refused, accepted);
	close(second);
}

/* Bytes that a connection takes while nobody reads, with these sizes (0: as they are) set at the
 * sender and at the listening socket. */
static long fill(int family, int send_size, int receive_size, int ends[2])
{
	static const char piece[PIECE];
	union address address;
	socklen_t size = loopback(&address, family, 0);
	int listener = socket(family, SOCK_STREAM, 0);
	struct pollfd entry;
	long total = 0, got;

	if (receive_size)
		MUST(set(listener, SO_RCVBUF, receive_size));
	MUST(bind(listener, &address.any, size));
	MUST(listen(listener, 1));
	ends[0] = socket(family, SOCK_STREAM, 0);
	if (send_size)
		MUST(set(ends[0], SO_SNDBUF, send_size));
	size = loopback(&address, family, port_of(listener));
	MUST(connect(ends[0], &address.any, size));
	ends[1] = accept(listener, NULL, NULL);
	entry = (struct pollfd){.fd = ends[0], .events = POLLOUT};
	do {
		while ((got = send(ends[0], piece, sizeof(piece), MSG_DONTWAIT)) > 0)
			total += got;
	} while (poll(&entry, 1, 1500) == 1);
	close(listener);
	return total;
}

/* Reads all that is there and will come. */
static long drain(int fd)
{
	static char data[65536];
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	long total = 0, got;

	while (poll(&entry, 1, 2000) == 1 && (got = read(fd, data, sizeof(data))) > 0)
		total += got;
	return total;
}

/* The peer has ended: everything that was sent comes. */
static void finish(const int *ends, long sent)
{
	MUST(shutdown(ends[0], SHUT_WR));
	CHECK(drain(ends[1]) == sent);
	close(ends[0]);
	close(ends[1]);
}

static void buffers(int family)
{
	int ends[2];
	long small, large, more;

	small = fill(family, 8192, 8192, ends);
	printf("sizes %d %d\n", get(ends[0], SO_SNDBUF), get(ends[1], SO_RCVBUF));
	CHECK(small >= 4096 && small <= 8 * 16384);
	finish(ends, small);

	large = fill(family, 8192, 50000, ends);
	CHECK(large > small + 20000);
	/* a larger buffer makes room at once or when something is read */
	MUST(set(ends[1], SO_RCVBUF, 100000));
	printf("sizes %d %d\n", get(ends[0], SO_SNDBUF), get(ends[1], SO_RCVBUF));
	MUST(set(ends[1], SO_RCVBUF, 4000));
	finish(ends, large);

	more = fill(family, 60000, 8192, ends);
	CHECK(more > small + 20000);
	finish(ends, more);
}

/* Datagrams that a queue takes. */
static int datagrams(int receive_size)
{
	int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	static char data[1000];
	union address address;
	socklen_t size = loopback(&address, AF_INET, 0);
	int count = 0;

	MUST(set(server, SO_RCVBUF, receive_size));
	MUST(bind(server, &address.any, size));
	size = loopback(&address, AF_INET, port_of(server));
	for (int i = 0; i < 400; i++)
		MUST(sendto(client, data, sizeof(data), 0, &address.any, size));
	while (recv(server, data, sizeof(data), MSG_DONTWAIT) > 0)
		count++;
	close(server);
	close(client);
	return count;
}

int main(void)
{
	int small, large;

	check_section("SO_REUSEPORT");
	share(AF_INET, SOCK_STREAM);
	share(AF_INET6, SOCK_STREAM);
	share(AF_INET, SOCK_DGRAM);
	share(AF_INET6, SOCK_DGRAM);
	leave();
	check_section("SO_RCVBUF, SO_SNDBUF");
	buffers(AF_INET);
	buffers(AF_INET6);
	small = datagrams(10000);
	large = datagrams(100000);
	CHECK(small >= 5 && small <= 20);
	CHECK(large > 4 * small && large < 400);
	return check_done();
}
