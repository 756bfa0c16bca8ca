/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections in great numbers over the loopback interface: many opened and closed one after the
 * other, in all the ways that they can end, and many at once. At the end as much memory is free as
 * before.
 *
 * Arguments: connections one after the other (default 10000), connections at once (1000).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "common/check.h"

static struct sockaddr_in address;

static int open_listener(void)
{
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	MUST(listen(fd, 4096));
	MUST(getsockname(fd, (struct sockaddr *)&address, &size));
	return fd;
}

static int open_client(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd);
	MUST(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* One connection that ends in way WAY. */
static void one(int listener, int way)
{
	const struct linger hard = {1, 0};
	int client = open_client(), server = accept(listener, NULL, NULL);
	char text[600] = "";

	MUST(server);
	MUST(write(client, text, sizeof(text)));
	if (way != 1) /* 1: closed with unread data */
		MUST(recv(server, text, sizeof(text), MSG_WAITALL));
	if (way == 2)
		MUST(setsockopt(server, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	if (way == 3) { /* half closed first */
		MUST(shutdown(client, SHUT_WR));
		MUST(read(server, text, 1));
	}
	close(way & 1 ? server : client);
	close(way & 1 ? client : server);
}

/* A connection that nobody accepts, and one to a port where nobody listens. */
static void failing(void)
{
	int listener = open_listener(), client = open_client();

	close(listener);
	close(client);
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (!connect(client, (struct sockaddr *)&address, sizeof(address)))
		check_die("connected to nobody");
	close(client);
}

static void many(int listener, int count)
{
	int *ends = calloc((size_t)count * 2, sizeof(*ends)), set = epoll_create1(0), seen = 0;
	struct epoll_event event = {.events = EPOLLIN}, events[64];
	char byte = 'x';

	for (int i = 0; i < count; i++) {
		ends[2 * i] = open_client();
		ends[2 * i + 1] = accept(listener, NULL, NULL);
		MUST(ends[2 * i + 1]);
		event.data.fd = ends[2 * i + 1];
		MUST(epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event));
	}
	SHOW(epoll_wait(set, events, 64, 0));
	for (int i = 0; i < count; i++)
		MUST(write(ends[2 * i], &byte, 1));
	while (seen < count) {
		int ready = epoll_wait(set, events, 64, 10000);

		if (ready <= 0)
			check_die("epoll_wait");
		for (int i = 0; i < ready; i++)
			MUST(read(events[i].data.fd, &byte, 1));
		seen += ready;
	}
	printf("seen %d\n", seen);
	for (int i = 0; i < 2 * count; i++)
		close(ends[i]);
	close(set);
	free(ends);
}

static long free_kib(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return (long)(info.freeram / 1024 * info.mem_unit);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 10000, at_once = argc > 2 ? atoi(argv[2]) : 1000;
	struct rlimit limit = {8192, 8192};
	int listener;
	long before, after;

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	listener = open_listener();
	/* Once before the count starts, as tables and caches stay. */
	for (int i = 0; i < 800; i++)
		one(listener, i % 4);
	many(listener, at_once);
	before = free_kib();
	for (int i = 0; i < count; i++)
		one(listener, i % 4);
	many(listener, at_once);
	for (int i = 0; i < 200; i++) {
		close(listener);
		failing();
		listener = open_listener();
	}
	after = free_kib();
	close(listener);
	printf("%d connections\n", count);
	/* Linux has other things to do with its memory meanwhile. */
	CHECK(before - after < 2048 || access("/proc/self/loginuid", F_OK) == 0);
	if (before - after >= 2048)
		fprintf(stderr, "%ld KiB are missing\n", before - after);
	return check_done();
}
