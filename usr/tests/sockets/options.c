/* SPDX-License-Identifier: BSD-3-Clause */
/* Creation of sockets, and their options. */
#include "sockets.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/check.h"

void test_create(void)
{
	int fds[2];

	check_section("socket");
	SHOW(close(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)));
	SHOW(close(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP)));
	SHOW(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	SHOW(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	SHOW(socket(AF_INET, SOCK_STREAM | 0x100, 0));
	SHOW(socket(AF_INET, 15, 0));
	SHOW(socket(AF_INET, SOCK_SEQPACKET, 0));
	SHOW(socket(-1, SOCK_STREAM, 0));
	SHOW(socket(99, SOCK_STREAM, 0));
	SHOW(socketpair(AF_INET, SOCK_STREAM, 0, fds));
	SHOW(bind(0x7fffffff, NULL, 0));
	SHOW(listen(0, 0) == -1 && errno == ENOTSOCK);
	SHOW(connect(-1, NULL, 0));
	SHOW(getsockname(-1, NULL, NULL));
	SHOW(send(-1, "", 0, 0));
	SHOW(recv(-1, fds, 1, 0));
	SHOW(shutdown(-1, 0));
}

static void show_int(int fd, int level, int name, const char *text)
{
	int value = -77;
	socklen_t size = sizeof(value);
	long result = getsockopt(fd, level, name, &value, &size);

	if (result < 0)
		printf("%s: %s\n", text, check_errno_name(errno));
	else
		printf("%s: %d, size %d\n", text, value, (int)size);
}

/* Sets option NAME to VALUE and shows what it is then. */
static void set_and_show(int fd, int level, int name, int value, const char *text)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		printf("%s = %d: %s\n", text, value, check_errno_name(errno));
	show_int(fd, level, name, text);
}

#define TRY(fd, level, name, value) set_and_show(fd, level, name, value, #name)
#define GET(fd, level, name)	    show_int(fd, level, name, #name)

static void socket_level(int fd)
{
	struct linger linger = {1, 5};
	struct timeval time = {2, 500000}, bad = {0, 1000000};
	socklen_t size;
	char text[16];

	TRY(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	TRY(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	TRY(fd, SOL_SOCKET, SO_KEEPALIVE, 7);
	TRY(fd, SOL_SOCKET, SO_BROADCAST, 1);
	TRY(fd, SOL_SOCKET, SO_RCVBUF, 30000);
	TRY(fd, SOL_SOCKET, SO_SNDBUF, 30000);
	TRY(fd, SOL_SOCKET, SO_RCVBUF, 1);
	TRY(fd, SOL_SOCKET, SO_SNDBUF, 1);
	TRY(fd, SOL_SOCKET, SO_PRIORITY, 3);
	TRY(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	TRY(fd, SOL_SOCKET, SO_RCVLOWAT, 0);
	TRY(fd, SOL_SOCKET, SO_SNDLOWAT, 5);
	TRY(fd, SOL_SOCKET, SO_TYPE, 1);
	TRY(fd, SOL_SOCKET, 9999, 1);
	GET(fd, SOL_SOCKET, SO_ERROR);
	GET(fd, SOL_SOCKET, SO_DOMAIN);
	GET(fd, SOL_SOCKET, SO_PROTOCOL);
	GET(fd, SOL_SOCKET, SO_ACCEPTCONN);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	memset(&linger, 0, sizeof(linger));
	size = sizeof(linger);
	SHOW(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size));
	printf("linger %d %d, size %d\n", linger.l_onoff, linger.l_linger, (int)size);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4));
	linger.l_onoff = 0;
	SHOW(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bad, sizeof(bad)));
	size = sizeof(bad);
	SHOW(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bad, &size));
	printf("timeout %ld.%06ld, size %d\n", (long)bad.tv_sec, (long)bad.tv_usec, (int)size);
	size = 2;
	SHOW(getsockopt(fd, SOL_SOCKET, SO_TYPE, text, &size));
	printf("size %d\n", (int)size);
	SHOW(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &size, 2));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, bad_pointer, 4));
	SHOW(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &size, (socklen_t)-1));
	SHOW(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &size, bad_pointer));
}

static void tcp_level(int fd)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);
	int ends[2];

	TRY(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	TRY(fd, IPPROTO_TCP, TCP_CORK, 1);
	TRY(fd, IPPROTO_TCP, TCP_KEEPIDLE, 100);
	TRY(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0);
	TRY(fd, IPPROTO_TCP, TCP_KEEPINTVL, 30);
	TRY(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
	TRY(fd, IPPROTO_TCP, TCP_KEEPCNT, 300);
	TRY(fd, IPPROTO_TCP, TCP_SYNCNT, 3);
	TRY(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 3000);
	TRY(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
	GET(fd, IPPROTO_TCP, TCP_MAXSEG);
	TRY(fd, IPPROTO_TCP, TCP_MAXSEG, 1);
	TRY(fd, IPPROTO_TCP, 9999, 1);
	SHOW(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size));
	printf("state %d\n", info.tcpi_state);
	tcp_pair(AF_INET, ends);
	size = sizeof(info);
	SHOW(getsockopt(ends[0], IPPROTO_TCP, TCP_INFO, &info, &size));
	printf("state %d\n", info.tcpi_state);
	CHECK(info.tcpi_snd_mss > 500 && info.tcpi_rto > 0);
	shutdown(ends[1], SHUT_WR);
	events_of(ends[0], 1, 1000);
	size = sizeof(info);
	SHOW(getsockopt(ends[0], IPPROTO_TCP, TCP_INFO, &info, &size));
	printf("state %d\n", info.tcpi_state);
	close(ends[0]);
	close(ends[1]);
}

static void ip_level(int fd, int fd6)
{
	struct ip_mreq mreq = {.imr_multiaddr.s_addr = htonl(INADDR_LOOPBACK)};
	unsigned char byte = 5;
	socklen_t size = sizeof(byte);

	TRY(fd, IPPROTO_IP, IP_TTL, 9);
	TRY(fd, IPPROTO_IP, IP_TTL, 0);
	TRY(fd, IPPROTO_IP, IP_TTL, 256);
	TRY(fd, IPPROTO_IP, IP_TTL, -1);
	TRY(fd, IPPROTO_IP, IP_TOS, 16);
	TRY(fd, IPPROTO_IP, IP_MULTICAST_TTL, 4);
	TRY(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	TRY(fd, IPPROTO_IP, IP_PKTINFO, 1);
	TRY(fd, IPPROTO_IP, IP_RECVTTL, 1);
	TRY(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	TRY(fd, IPPROTO_IP, 9999, 1);
	GET(fd, IPPROTO_IP, IP_MTU);
	SHOW(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &byte, sizeof(byte)));
	byte = 0;
	SHOW(getsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &byte, &size));
	printf("byte %d, size %d\n", byte, (int)size);
	SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)));
	SHOW(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, 4));
	SHOW(setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &size, sizeof(size)));
	TRY(fd6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	TRY(fd6, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	TRY(fd6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 12);
	TRY(fd6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, -1);
	TRY(fd6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 3);
	TRY(fd6, IPPROTO_IPV6, IPV6_TCLASS, 32);
	TRY(fd6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	TRY(fd6, IPPROTO_IPV6, 9999, 1);
}

/* Options of a listening socket are its connections'. */
static void inherited(void)
{
	union address address;
	int port, one = 1, listener = listening(AF_INET, &port);
	int client = socket(AF_INET, SOCK_STREAM, 0), server;
	socklen_t size = loopback(&address, AF_INET, port);

	MUST(setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	MUST(setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
	MUST(connect(client, &address.any, size));
	server = accept(listener, NULL, NULL);
	GET(server, IPPROTO_TCP, TCP_NODELAY);
	GET(server, SOL_SOCKET, SO_KEEPALIVE);
	GET(listener, SOL_SOCKET, SO_ACCEPTCONN);
	GET(server, SOL_SOCKET, SO_ACCEPTCONN);
	close(client);
	close(server);
	close(listener);
}

void test_options(void)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	int udp6 = socket(AF_INET6, SOCK_DGRAM, 0);

	check_section("options");
	socket_level(tcp);
	socket_level(udp);
	tcp_level(tcp);
	TRY(udp, IPPROTO_TCP, TCP_NODELAY, 1);
	ip_level(udp, udp6);
	inherited();
	close(tcp);
	close(udp);
	close(udp6);
}
