/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc/net's tables: what they show of this program's own sockets. Ports are named by what they
 * are for, inodes compared with those of fstat.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/check.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static int open_bound(int family, int type, const char *ip, int *port)
{
	union address address;
	socklen_t size = sizeof(address);
	int fd = socket(family, type, 0);

	memset(&address, 0, sizeof(address));
	address.any.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		MUST(inet_pton(AF_INET, ip, &address.in.sin_addr) - 1);
	else
		MUST(inet_pton(AF_INET6, ip, &address.in6.sin6_addr) - 1);
	MUST(bind(fd, &address.any, sizeof(address)));
	MUST(getsockname(fd, &address.any, &size));
	*port = ntohs(address.in.sin_port);
	return fd;
}

static void connect_to(int fd, int to)
{
	union address address;
	socklen_t size = sizeof(address);

	MUST(getsockname(to, &address.any, &size));
	MUST(connect(fd, &address.any, size));
}

static unsigned long inode_of(int fd)
{
	struct stat stat;

	MUST(fstat(fd, &stat));
	return stat.st_ino;
}

/* The row of TABLE with this LOCAL port and PEER port, both or one of them 0: not looked at. */
static void show_row(const char *what, const char *table, int local, int peer, int fd)
{
	FILE *file = fopen(table, "r");
	char line[512], found[512] = "";
	unsigned fields[4];
	char ends[2][40] = {"", ""};
	unsigned long inode = 0;
	int ports[2], uid = -1;

	if (!file)
		check_die(table);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*d: %39[0-9A-F]:%x %39[0-9A-F]:%x", ends[0],
			   (unsigned *)&ports[0], ends[1], (unsigned *)&ports[1]) != 4)
			continue;
		if (ports[0] == local && (!peer || ports[1] == peer))
			memcpy(found, line, sizeof(line));
	}
	fclose(file);
	if (!found[0]) {
		printf("%s: not there\n", what);
		return;
	}
	sscanf(found, " %*d: %39[0-9A-F]:%*x %39[0-9A-F]:%*x %x %x:%x %*x:%*x %x %d %*d %lu",
	       ends[0], ends[1], &fields[0], &fields[1], &fields[2], &fields[3], &uid, &inode);
	printf("%s: local %s peer %s state %02X send %u receive %s retransmits %u uid %s inode %s"
	       " length %zu\n",
	       what, ends[0], ends[1], fields[0], fields[1], fields[2] ? "some" : "none", fields[3],
	       uid == (int)getuid() ? "right" : "wrong", inode == inode_of(fd) ? "right" : "wrong",
	       strstr(table, "6") ? 0 : strlen(found));
}

static void show_head(const char *table, int lines)
{
	FILE *file = fopen(table, "r");
	char line[512];

	if (!file) {
		printf("%s: %s\n", table, check_errno_name(errno));
		return;
	}
	while (lines-- && fgets(line, sizeof(line), file))
		printf("%s", line);
	fclose(file);
}

static void wait_input(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};

	CHECK(poll(&entry, 1, 5000) == 1);
}

static void tcp_rows(int family, const char *ip, const char *table)
{
	int port, client_port, listener = open_bound(family, SOCK_STREAM, ip, &port);
	int client = open_bound(family, SOCK_STREAM, ip, &client_port), server;
	char byte = 'x';

	check_section(table);
	show_head(table, 1);
	show_row("bound", table, port, 0, listener);
	MUST(listen(listener, 5));
	show_row("listening", table, port, 0, listener);
	connect_to(client, listener);
	wait_input(listener);
	show_row("one waits", table, port, 0, listener);
	show_row("client", table, client_port, port, client);
	server = accept(listener, NULL, NULL);
	show_row("server", table, port, client_port, server);
	MUST(write(client, &byte, 1));
	wait_input(server);
	show_row("unread", table, port, client_port, server);
	MUST(shutdown(client, SHUT_WR));
	MUST(read(server, &byte, 1));
	wait_input(server);
	show_row("half closed, server", table, port, client_port, server);
	close(server);
	wait_input(client);
	close(listener);
	show_row("closed listener", table, port, 1, client);
	close(client);
}

static void udp_rows(int family, const char *ip, const char *table)
{
	int port, client_port, server = open_bound(family, SOCK_DGRAM, ip, &port);
	int client = open_bound(family, SOCK_DGRAM, ip, &client_port);
	char byte = 'x';

	check_section(table);
	show_head(table, 1);
	show_row("server", table, port, 0, server);
	show_row("client", table, client_port, 0, client);
	connect_to(client, server);
	show_row("connected", table, client_port, port, client);
	MUST(write(client, &byte, 1));
	wait_input(server);
	show_row("unread", table, port, 0, server);
	close(server);
	show_row("closed", table, port, 0, client);
	close(client);
}

/* lo's counters: bytes and packets, of both ways. */
static void read_counters(unsigned long counters[4])
{
	FILE *file = fopen("/proc/net/dev", "r");
	char line[512];

	memset(counters, 0, 4 * sizeof(counters[0]));
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "    lo:", 7))
			sscanf(line + 7, "%lu %lu %*u %*u %*u %*u %*u %*u %lu %lu", &counters[0],
			       &counters[1], &counters[2], &counters[3]);
	if (file)
		fclose(file);
}

static void devices(void)
{
	int port, client_port, server = open_bound(AF_INET, SOCK_DGRAM, "127.0.0.1", &port);
	int client = open_bound(AF_INET, SOCK_DGRAM, "127.0.0.1", &client_port);
	unsigned long before[4], after[4];
	char data[1000] = {0};

	check_section("/proc/net/dev");
	show_head("/proc/net/dev", 2);
	connect_to(client, server);
	read_counters(before);
	for (int i = 0; i < 10; i++) {
		MUST(write(client, data, sizeof(data)));
		MUST(read(server, data, sizeof(data)));
	}
	read_counters(after);
	CHECK(after[1] >= before[1] + 10 && after[3] >= before[3] + 10);
	CHECK(after[0] >= before[0] + 10280 && after[2] >= before[2] + 10280);
	CHECK(after[0] == after[2] && after[1] == after[3]);
	close(server);
	close(client);
}

static void others(void)
{
	char name[64], target[64], expected[64];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long length;

	check_section("others");
	length = readlink("/proc/net", target, sizeof(target) - 1);
	printf("/proc/net -> %.*s\n", (int)length, target);
	CHECK(access("/proc/self/net/tcp", R_OK) == 0);
	CHECK(open("/proc/net/tcp", O_WRONLY) == -1 && errno == EACCES);
	CHECK(open("/proc/net/nothing", O_RDONLY) == -1 && errno == ENOENT);
	show_head("/proc/net/route", 1);
	show_head("/proc/net/if_inet6", 1);
	snprintf(expected, sizeof(expected), "socket:[%lu]", inode_of(fd));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = 0;
	CHECK(strcmp(target, expected) == 0);
	close(fd);
}

int main(void)
{
	tcp_rows(AF_INET, "127.0.0.1", "/proc/net/tcp");
	tcp_rows(AF_INET6, "::1", "/proc/net/tcp6");
	udp_rows(AF_INET, "127.0.0.1", "/proc/net/udp");
	udp_rows(AF_INET6, "::1", "/proc/net/udp6");
	devices();
	others();
	return check_done();
}
