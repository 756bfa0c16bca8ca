/* SPDX-License-Identifier: BSD-3-Clause */
/* Multicast over the loopback interface: who gets what, by membership, interface and port. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"

#define GROUP4 "239.1.2.3"
#define OTHER4 "239.1.2.4"
#define GROUP6 "ff02::1:99"

/* Datagrams that wait at FD, taken. */
static int count(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	char text[16];
	int found = 0;

	while (poll(&entry, 1, found ? 50 : 100) == 1 && recv(fd, text, sizeof(text), 0) > 0)
		found++;
	return found;
}

static int open_port(int family, int *port)
{
	struct sockaddr_in6 address = {.sin6_family = (sa_family_t)family};
	socklen_t size = sizeof(address);
	int fd = socket(family, SOCK_DGRAM, 0), one = 1;

	address.sin6_port = htons((unsigned short)*port);
	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	MUST(bind(fd, (struct sockaddr *)&address,
		  family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(address)));
	MUST(getsockname(fd, (struct sockaddr *)&address, &size));
	*port = ntohs(address.sin6_port);
	return fd;
}

static int member4(int fd, int option, const char *group, int index)
{
	struct ip_mreqn request = {.imr_ifindex = index};

	MUST(inet_pton(AF_INET, group, &request.imr_multiaddr) - 1);
	return setsockopt(fd, IPPROTO_IP, option, &request, sizeof(request));
}

static void send4(int fd, const char *group, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};

	MUST(inet_pton(AF_INET, group, &to.sin_addr) - 1);
	MUST(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)));
}

static void ip4(void)
{
	int port = 0, first = open_port(AF_INET, &port), second = open_port(AF_INET, &port);
	struct ip_mreqn lo = {.imr_ifindex = (int)if_nametoindex("lo")};
	int sender = socket(AF_INET, SOCK_DGRAM, 0), zero = 0;
	struct in_addr address = {htonl(INADDR_LOOPBACK)};

	check_section("IPv4");
	SHOW(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)));
	SHOW(member4(first, IP_ADD_MEMBERSHIP, GROUP4, lo.imr_ifindex));
	SHOW(member4(first, IP_ADD_MEMBERSHIP, GROUP4, lo.imr_ifindex));
	SHOW(member4(first, IP_ADD_MEMBERSHIP, "10.0.0.1", lo.imr_ifindex));
	SHOW(member4(first, IP_ADD_MEMBERSHIP, OTHER4, 200));
	SHOW(member4(first, IP_DROP_MEMBERSHIP, OTHER4, lo.imr_ifindex));
	send4(sender, GROUP4, port);
	SHOW(count(first));
	SHOW(member4(second, IP_ADD_MEMBERSHIP, GROUP4, lo.imr_ifindex));
	send4(sender, GROUP4, port);
	SHOW(count(first));
	SHOW(count(second));
	send4(sender, OTHER4, port);
	SHOW(count(first));
	SHOW(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_LOOP, &zero, sizeof(zero)));
	SHOW(setsockopt(sender, IPPROTO_IP, IP_MULTICAST_IF, &address, sizeof(address)));
	send4(sender, GROUP4, port);
	SHOW(count(second));
	SHOW(member4(second, IP_DROP_MEMBERSHIP, GROUP4, lo.imr_ifindex));
	close(first); /* the last member */
	send4(sender, GROUP4, port);
	SHOW(count(second));
	close(second);
	close(sender);
}

static int member6(int fd, int option, int index)
{
	struct ipv6_mreq request = {.ipv6mr_interface = (unsigned)index};

	MUST(inet_pton(AF_INET6, GROUP6, &request.ipv6mr_multiaddr) - 1);
	return setsockopt(fd, IPPROTO_IPV6, option, &request, sizeof(request));
}

static void send6(int fd, int port, int index)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
				  .sin6_port = htons((unsigned short)port),
				  .sin6_scope_id = (unsigned)index};

	MUST(inet_pton(AF_INET6, GROUP6, &to.sin6_addr) - 1);
	/* Linux has no route for it by this interface. */
	SHOW(sendto(fd, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)));
}

static void ip6(void)
{
	int port = 0, receiver = open_port(AF_INET6, &port), lo = (int)if_nametoindex("lo");
	int sender = socket(AF_INET6, SOCK_DGRAM, 0);

	check_section("IPv6");
	SHOW(setsockopt(sender, IPPROTO_IPV6, IPV6_MULTICAST_IF, &lo, sizeof(lo)));
	SHOW(member6(receiver, IPV6_JOIN_GROUP, lo));
	SHOW(member6(receiver, IPV6_JOIN_GROUP, lo));
	SHOW(member6(receiver, IPV6_JOIN_GROUP, 200));
	send6(sender, port, lo);
	SHOW(count(receiver));
	SHOW(member6(receiver, IPV6_LEAVE_GROUP, lo));
	SHOW(member6(receiver, IPV6_LEAVE_GROUP, lo));
	send6(sender, port, lo);
	SHOW(count(receiver));
	close(receiver);
	close(sender);
}

int main(void)
{
	ip4();
	ip6();
	return check_done();
}
