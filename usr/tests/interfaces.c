/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a program learns of the machine's interfaces: getifaddrs, if_nameindex, SIOCGIF..., and
 * NETLINK_ROUTE, which the first two use. Of the loopback interface all is shown, of others only
 * that the ways to ask agree.
 *
 * interfaces list ADDRESS: one line for each address and each route, for tests that know what to
 * expect, when there is a way to ADDRESS (IPv6).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"

static const char *text_of(const struct sockaddr *address, char *text, size_t size)
{
	const void *bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;

	if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	return inet_ntop(address->sa_family, bytes, text, (socklen_t)size);
}

static void show_address(const char *what, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN];

	if (!address)
		printf(" %s none", what);
	else if (address->sa_family == AF_INET || address->sa_family == AF_INET6)
		printf(" %s %s", what, text_of(address, text, sizeof(text)));
}

static void show_link(const struct ifaddrs *entry)
{
	struct sockaddr_ll link;
	const unsigned char *bytes = link.sll_addr;

	memcpy(&link, entry->ifa_addr, sizeof(link));
	printf("link %s: index %d type %d length %d address %02x:%02x:%02x:%02x:%02x:%02x flags %x"
	       " data %s\n",
	       entry->ifa_name, link.sll_ifindex, link.sll_hatype, link.sll_halen, bytes[0],
	       bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], entry->ifa_flags,
	       entry->ifa_data ? "yes" : "no");
}

/* The other ways to ask for the interface agree with ENTRY. */
static int agrees(int fd, const struct ifaddrs *entry)
{
	struct ifreq request = {0};
	char name[IF_NAMESIZE];
	unsigned index = if_nametoindex(entry->ifa_name);

	if (!index || !if_indextoname(index, name) || strcmp(name, entry->ifa_name) != 0)
		return 0;
	memcpy(request.ifr_name, name, strlen(name) + 1);
	if (ioctl(fd, SIOCGIFFLAGS, &request) ||
	    (unsigned short)request.ifr_flags != (unsigned short)entry->ifa_flags)
		return 0;
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		return 0;
	if (entry->ifa_addr->sa_family == AF_PACKET) {
		struct sockaddr_ll link;

		memcpy(&link, entry->ifa_addr, sizeof(link));
		return link.sll_ifindex == (int)index &&
		       link.sll_hatype == request.ifr_hwaddr.sa_family &&
		       memcmp(link.sll_addr, request.ifr_hwaddr.sa_data, 6) == 0;
	}
	return 1;
}

static void test_getifaddrs(int fd)
{
	struct ifaddrs *list = NULL;
	int wrong = 0;

	CHECK(getifaddrs(&list) == 0);
	for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
		if (!entry->ifa_addr)
			continue;
		wrong += !agrees(fd, entry);
		if (strcmp(entry->ifa_name, "lo") != 0)
			continue;
		if (entry->ifa_addr->sa_family == AF_PACKET) {
			show_link(entry);
			continue;
		}
		printf("%s:", entry->ifa_name);
		show_address("address", entry->ifa_addr);
		show_address("mask", entry->ifa_netmask);
		show_address("broadcast", entry->ifa_broadaddr);
		printf(" flags %x\n", entry->ifa_flags);
	}
	freeifaddrs(list);
	CHECK(wrong == 0);
}

static void test_names(void)
{
	struct if_nameindex *names = if_nameindex();
	char name[IF_NAMESIZE];

	CHECK(names);
	if (names)
		printf("first of if_nameindex: %u %s\n", names[0].if_index, names[0].if_name);
	if_freenameindex(names);
	printf("lo has index %u\n", if_nametoindex("lo"));
	SHOW(if_nametoindex("nothing"));
	SHOW(if_indextoname(200, name) ? 0 : -1);
}

static int open_route(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct sockaddr_nl local = {.nl_family = AF_NETLINK};

	CHECK(fd >= 0);
	CHECK(bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0);
	return fd;
}

struct request {
	struct nlmsghdr header;
	union {
		struct rtgenmsg any;
		struct ifinfomsg link;
	} body;
};

static long ask(int fd, unsigned type, unsigned flags, unsigned size, int index)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct request request = {.header = {.nlmsg_len = NLMSG_LENGTH(size),
					     .nlmsg_type = (unsigned short)type,
					     .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags),
					     .nlmsg_seq = 7}};

	request.body.link.ifi_index = index;
	return sendto(fd, &request, NLMSG_LENGTH(size), 0, (struct sockaddr *)&kernel,
		      sizeof(kernel));
}

/* Reads one datagram and tells of its first message. */
static void show_reply(int fd, const char *what)
{
	union {
		struct nlmsghdr header;
		char bytes[16384];
	} reply;
	struct sockaddr_nl from;
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	socklen_t size = sizeof(from);
	int error = 0;
	long got;

	if (poll(&waiting, 1, 1000) != 1) {
		printf("%s: no answer\n", what);
		return;
	}
	got = recvfrom(fd, &reply, sizeof(reply), 0, (struct sockaddr *)&from, &size);
	if (got < (long)sizeof(reply.header)) {
		printf("%s: short\n", what);
		return;
	}
	CHECK(from.nl_family == AF_NETLINK && from.nl_pid == 0 && size == sizeof(from));
	CHECK(reply.header.nlmsg_seq == 7);
	printf("%s: type %u multi %d", what, reply.header.nlmsg_type,
	       reply.header.nlmsg_flags & NLM_F_MULTI ? 1 : 0);
	if (reply.header.nlmsg_type == NLMSG_ERROR) {
		memcpy(&error, reply.bytes + NLMSG_HDRLEN, sizeof(error));
		printf(" error %s", error ? check_errno_name(-error) : "0");
	}
	printf("\n");
}

static void drain(int fd)
{
	char bytes[16384];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

static void test_netlink(void)
{
	int fd = open_route(), other = open_route();
	struct sockaddr_nl address = {0}, second = {0};
	struct nlmsghdr header;
	socklen_t size = sizeof(address);
	char bytes[16];

	CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
	CHECK(size == sizeof(address) && address.nl_family == AF_NETLINK && address.nl_pid);
	CHECK(getsockname(other, (struct sockaddr *)&second, &size) == 0);
	CHECK(second.nl_pid != address.nl_pid);
	CHECK(getpeername(fd, (struct sockaddr *)&address, &size) == 0 && address.nl_pid == 0);
	SHOW(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT));

	ask(fd, RTM_GETLINK, NLM_F_DUMP, sizeof(struct rtgenmsg), 0);
	show_reply(fd, "links");
	drain(fd);
	ask(fd, RTM_GETADDR, NLM_F_DUMP, sizeof(struct rtgenmsg), 0);
	show_reply(fd, "addresses");
	drain(fd);
	ask(fd, RTM_GETLINK, 0, sizeof(struct ifinfomsg), 1);
	show_reply(fd, "link 1");
	ask(fd, RTM_GETLINK, 0, sizeof(struct ifinfomsg), 250);
	show_reply(fd, "link 250");
	ask(fd, RTM_GETLINK, 0, sizeof(struct ifinfomsg), 0);
	show_reply(fd, "link 0");
	ask(fd, 500, 0, sizeof(struct rtgenmsg), 0);
	show_reply(fd, "type 500");
	ask(fd, NLMSG_NOOP, NLM_F_ACK, sizeof(struct rtgenmsg), 0);
	show_reply(fd, "acknowledged");
	ask(fd, RTM_GETLINK, NLM_F_ACK, 0, 0);
	show_reply(fd, "no body");

	/* too small a buffer */
	ask(fd, RTM_GETLINK, 0, sizeof(struct ifinfomsg), 1);
	CHECK(recv(fd, &header, sizeof(header), MSG_PEEK | MSG_TRUNC) > (long)sizeof(header));
	SHOW(recv(fd, &header, sizeof(header), 0));
	SHOW(recv(fd, &header, sizeof(header), MSG_DONTWAIT));
	/* what is no whole message is not answered */
	SHOW(send(fd, "", 1, 0));
	SHOW(recv(fd, &header, sizeof(header), MSG_DONTWAIT));
	close(fd);
	close(other);
}

static void test_errors(void)
{
	struct sockaddr_nl someone = {.nl_family = AF_NETLINK, .nl_pid = 77777777};
	struct sockaddr wrong = {.sa_family = AF_INET};
	int fd = open_route(), number = 1;
	socklen_t size = sizeof(number);

	SHOW(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE));
	SHOW(socket(AF_NETLINK, SOCK_RAW, 31));
	SHOW(socket(AF_NETLINK, SOCK_RAW, 99));
	SHOW(socket(AF_NETLINK, SOCK_RAW, -1));
	SHOW(sendto(fd, "1234567890123456", 16, 0, (struct sockaddr *)&someone, sizeof(someone)));
	SHOW(sendto(fd, "", 1, 0, &wrong, sizeof(wrong)));
	SHOW(bind(fd, &wrong, sizeof(wrong)));
	SHOW(bind(fd, (struct sockaddr *)&someone, sizeof(someone)));
	SHOW(connect(fd, &wrong, sizeof(wrong)));
	SHOW(listen(fd, 1));
	SHOW(accept(fd, NULL, NULL));
	SHOW(shutdown(fd, SHUT_RD));
	SHOW(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &number, sizeof(number)));
	SHOW(setsockopt(fd, SOL_NETLINK, 99, &number, sizeof(number)));
	number = 0;
	SHOW(getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &number, &size));
	printf("kept: %d\n", number);
	SHOW(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &number, &size));
	printf("domain %d\n", number);
	close(fd);
}

/* Routes of the main table, from NETLINK_ROUTE. */
static void list_routes(void)
{
	int fd = open_route();
	union {
		struct nlmsghdr header;
		char bytes[16384];
	} reply;
	long left;

	ask(fd, RTM_GETROUTE, NLM_F_DUMP, sizeof(struct rtgenmsg), 0);
	left = recv(fd, &reply, sizeof(reply), 0);
	for (struct nlmsghdr *at = &reply.header; NLMSG_OK(at, left); at = NLMSG_NEXT(at, left)) {
		const struct rtmsg *route = NLMSG_DATA(at);
		long size = (long)RTM_PAYLOAD(at);
		char text[INET6_ADDRSTRLEN], name[IF_NAMESIZE] = "?";

		if (at->nlmsg_type != RTM_NEWROUTE || route->rtm_table != RT_TABLE_MAIN)
			continue;
		printf("route");
		for (struct rtattr *entry = RTM_RTA(route); RTA_OK(entry, size);
		     entry = RTA_NEXT(entry, size)) {
			if (entry->rta_type == RTA_DST)
				printf(" to %s/%d",
				       inet_ntop(route->rtm_family, RTA_DATA(entry), text,
						 sizeof(text)),
				       route->rtm_dst_len);
			if (entry->rta_type == RTA_GATEWAY)
				printf(" via %s", inet_ntop(route->rtm_family, RTA_DATA(entry),
							    text, sizeof(text)));
			if (entry->rta_type == RTA_OIF)
				if_indextoname(*(unsigned *)RTA_DATA(entry), name);
		}
		printf(" dev %s\n", name);
	}
	close(fd);
}

static int list_all(const char *router)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	struct ifaddrs *list = NULL;

	CHECK(inet_pton(AF_INET6, router, &to.sin6_addr) == 1);
	CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);

	CHECK(getifaddrs(&list) == 0);
	for (const struct ifaddrs *entry = list; entry; entry = entry->ifa_next) {
		if (!entry->ifa_addr || entry->ifa_addr->sa_family == AF_PACKET)
			continue;
		printf("%s", entry->ifa_name);
		show_address("address", entry->ifa_addr);
		show_address("mask", entry->ifa_netmask);
		printf("\n");
	}
	freeifaddrs(list);
	list_routes();
	return 0;
}

int main(int argc, char **argv)
{
	int fd;

	if (argc > 2 && strcmp(argv[1], "list") == 0)
		return list_all(argv[2]);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK(fd >= 0);
	test_getifaddrs(fd);
	test_names();
	test_netlink();
	test_errors();
	close(fd);
	return check_done();
}
