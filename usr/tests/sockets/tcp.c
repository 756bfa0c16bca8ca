/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP: connections, data, their ends. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/check.h"

static void names(int family)
{
	union address address, other;
	socklen_t size = sizeof(address), other_size = sizeof(other);
	int ends[2];

	tcp_pair(family, ends);
	SHOW(getsockname(ends[0], &address.any, &size));
	SHOW(getpeername(ends[1], &other.any, &other_size));
	CHECK(size == other_size && !memcmp(&address, &other, size));
	size = other_size = sizeof(address);
	SHOW(getpeername(ends[0], &address.any, &size));
	SHOW(getsockname(ends[1], &other.any, &other_size));
	CHECK(size == other_size && !memcmp(&address, &other, size));
	printf("family %d, size %d\n", address.any.sa_family, (int)size);
	size = 4; /* cut short, the full size is told */
	memset(&address, 0xee, sizeof(address));
	SHOW(getpeername(ends[0], &address.any, &size));
	printf("size %d, next byte %x\n", (int)size, ((unsigned char *)&address)[4]);
	close(ends[0]);
	close(ends[1]);
}

static void accepting(int family)
{
	union address address, peer;
	socklen_t size, peer_size = sizeof(peer);
	int port, listener = listening(family, &port), client, server;

	size = loopback(&address, family, port);
	SHOW(fcntl(listener, F_SETFL, O_NONBLOCK));
	SHOW(accept(listener, NULL, NULL));
	show_events("idle listener", events_of(listener, POLLIN | POLLOUT, 0));
	client = socket(family, SOCK_STREAM, 0);
	show_events("new socket", events_of(client, POLLIN | POLLOUT | POLLRDHUP, 0));
	SHOW(connect(client, &address.any, size));
	show_events("listener", events_of(listener, POLLIN | POLLOUT, 1000));
	server = accept4(listener, &peer.any, &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	CHECK(server >= 0);
	CHECK(ntohs(peer.in.sin_port) == port_of(client));
	SHOW(fcntl(server, F_GETFL) & O_NONBLOCK);
	SHOW(fcntl(server, F_GETFD));
	SHOW(connect(client, &address.any, size));
	SHOW(listen(client, 1));
	SHOW(accept4(listener, NULL, NULL, 1));
	SHOW(accept(client, NULL, NULL));
	show_events("connected", events_of(client, POLLIN | POLLOUT | POLLRDHUP, 0));
	close(server);
	close(client);
	close(listener);
}

static void transfer(int family)
{
	char text[64] = "";
	int ends[2], count = -1;
	struct iovec vector[3] = {{(char[]){"one "}, 4}, {NULL, 0}, {(char[]){"two"}, 3}};

	tcp_pair(family, ends);
	SHOW(write(ends[0], "hello", 5));
	show_events("data", events_of(ends[1], POLLIN | POLLOUT, 1000));
	SHOW(ioctl(ends[1], FIONREAD, &count));
	printf("count %d\n", count);
	SHOW(recv(ends[1], text, 3, MSG_PEEK));
	SHOW(recv(ends[1], text, sizeof(text), 0));
	printf("%.5s\n", text);
	SHOW(recv(ends[1], text, sizeof(text), MSG_DONTWAIT));
	SHOW(writev(ends[1], vector, 3));
	SHOW(recv(ends[0], text, 7, MSG_WAITALL));
	printf("%.7s\n", text);
	SHOW(send(ends[0], "abcdef", 6, 0));
	SHOW(recv(ends[1], NULL, 4, MSG_TRUNC));
	SHOW(recv(ends[1], text, sizeof(text), 0));
	printf("%.2s\n", text);
	SHOW(send(ends[0], "", 0, 0));
	SHOW(read(ends[1], text, 0));
	SHOW(recv(ends[1], text, 0, MSG_DONTWAIT));
	SHOW(write(ends[0], bad_pointer, 5));
	SHOW(write(ends[0], "xyz", 3));
	SHOW(read(ends[1], bad_pointer, 3));
	SHOW(read(ends[1], text, 3));
	SHOW(lseek(ends[0], 0, SEEK_CUR));
	SHOW(pread(ends[0], text, 1, 0));
	close(ends[0]);
	close(ends[1]);
}

static void *sender(void *argument)
{
	send_pattern(*(int *)argument, 0, 3u << 20);
	shutdown(*(int *)argument, SHUT_WR);
	return NULL;
}

static void *mirror(void *argument)
{
	char buffer[5000];
	ssize_t size;

	while ((size = read(*(int *)argument, buffer, sizeof(buffer))) > 0)
		MUST(write(*(int *)argument, buffer, (size_t)size));
	shutdown(*(int *)argument, SHUT_WR);
	return NULL;
}

/* Megabytes through a mirror. */
static void bulk(int family)
{
	pthread_t threads[2];
	int ends[2];
	char byte;

	tcp_pair(family, ends);
	pthread_create(&threads[0], NULL, sender, &ends[0]);
	pthread_create(&threads[1], NULL, mirror, &ends[1]);
	CHECK(receive_pattern(ends[0], 0, 3u << 20));
	SHOW(read(ends[0], &byte, 1));
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	close(ends[0]);
	close(ends[1]);
}

void test_tcp(int family)
{
	struct stat status;
	int ends[2];

	check_section(family == AF_INET ? "TCP" : "TCP, IPv6");
	names(family);
	accepting(family);
	transfer(family);
	bulk(family);
	tcp_pair(family, ends);
	SHOW(fstat(ends[0], &status));
	printf("mode %o, size %ld\n", status.st_mode, (long)status.st_size);
	close(ends[0]);
	close(ends[1]);
}

static void half_close(int family)
{
	char text[8];
	int ends[2];

	tcp_pair(family, ends);
	SHOW(write(ends[0], "last", 4));
	SHOW(shutdown(ends[0], SHUT_WR));
	SHOW(write(ends[0], "x", 1));
	show_events("peer has shut down", events_of(ends[1], POLLIN | POLLOUT | POLLRDHUP, 1000));
	SHOW(read(ends[1], text, 4));
	SHOW(read(ends[1], text, 4));
	SHOW(read(ends[1], text, 4));
	SHOW(write(ends[1], "back", 4));
	SHOW(read(ends[0], text, 4));
	show_events("shut down", events_of(ends[0], POLLIN | POLLOUT | POLLRDHUP, 0));
	SHOW(shutdown(ends[1], SHUT_RDWR));
	show_events("both", events_of(ends[1], POLLIN | POLLOUT | POLLRDHUP, 1000));
	show_events("both", events_of(ends[0], POLLIN | POLLOUT | POLLRDHUP | POLLHUP, 1000));
	SHOW(read(ends[0], text, 4));
	SHOW(shutdown(ends[0], 3));
	close(ends[0]);
	close(ends[1]);
}

static void shut_reading(int family)
{
	char text[8];
	int ends[2];

	tcp_pair(family, ends);
	SHOW(shutdown(ends[0], SHUT_RD));
	SHOW(read(ends[0], text, 4));
	show_events("shut for reading", events_of(ends[0], POLLIN | POLLOUT | POLLRDHUP, 0));
	SHOW(write(ends[0], "on", 2));
	SHOW(read(ends[1], text, 4));
	close(ends[0]);
	close(ends[1]);
}

/* A peer that closes with unread data, or with SO_LINGER of 0, resets the connection. */
static void resets(int family)
{
	struct linger none = {1, 0};
	char text[8];
	int ends[2];

	tcp_pair(family, ends);
	MUST(write(ends[0], "unread", 6));
	events_of(ends[1], POLLIN, 1000);
	close(ends[1]);
	show_events("reset", events_of(ends[0], POLLIN | POLLOUT | POLLRDHUP, 1000));
	SHOW(read(ends[0], text, 4));
	SHOW(read(ends[0], text, 4));
	SHOW(write(ends[0], "x", 1));
	close(ends[0]);

	tcp_pair(family, ends);
	SHOW(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &none, sizeof(none)));
	close(ends[1]);
	events_of(ends[0], POLLIN, 1000);
	SHOW(write(ends[0], "x", 1));
	SHOW(write(ends[0], "x", 1));
	close(ends[0]);

	/* Written after the peer has closed: the first is sent, and answered by a reset. */
	tcp_pair(family, ends);
	close(ends[1]);
	SHOW(read(ends[0], text, 4));
	SHOW(write(ends[0], "x", 1));
	events_of(ends[0], POLLERR, 1000);
	SHOW(write(ends[0], "x", 1));
	close(ends[0]);

	/* Half closed first: the reader sees the end of the stream, the writer the reset. */
	tcp_pair(family, ends);
	SHOW(shutdown(ends[1], SHUT_WR));
	SHOW(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &none, sizeof(none)));
	close(ends[1]);
	events_of(ends[0], POLLERR, 1000);
	SHOW(read(ends[0], text, 4));
	SHOW(write(ends[0], "x", 1));
	SHOW(read(ends[0], text, 4));
	close(ends[0]);
}

static void refused(int family)
{
	union address address;
	int port, fd = bound(family, SOCK_STREAM, &port), error = -1;
	socklen_t size, error_size = sizeof(error);

	close(fd);
	size = loopback(&address, family, port);
	fd = socket(family, SOCK_STREAM, 0);
	SHOW(connect(fd, &address.any, size));
	SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size));
	printf("error %s\n", check_errno_name(error));
	show_events("refused", events_of(fd, POLLIN | POLLOUT | POLLRDHUP, 0));
	close(fd);
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SHOW(connect(fd, &address.any, size));
	show_events("refused", events_of(fd, POLLIN | POLLOUT | POLLRDHUP, 1000));
	SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size));
	printf("error %s\n", check_errno_name(error));
	close(fd);
}

/* A socket whose connection was refused, or is taken back, can be bound, listen and connect. */
static void used_again(int family)
{
	union address closed, any;
	int port, other_port, fd, client, listener = listening(family, &port);
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	socklen_t size = loopback(&closed, family, port);

	close(listener);
	fd = bound(family, SOCK_STREAM, &other_port);
	SHOW(connect(fd, &closed.any, size));
	SHOW(listen(fd, 1));
	client = socket(family, SOCK_STREAM, 0);
	loopback(&any, family, port_of(fd));
	SHOW(connect(client, &any.any, size));
	SHOW(connect(client, &none, sizeof(none)));
	loopback(&any, family, 0);
	SHOW(bind(client, &any.any, size));
	SHOW(listen(client, 1));
	close(client);
	client = socket(family, SOCK_STREAM, 0);
	SHOW(connect(client, &closed.any, size));
	SHOW(bind(client, &any.any, size));
	SHOW(listen(client, 1));
	close(client);
	close(fd);
}

static void nonblocking_connect(int family)
{
	union address address;
	int port, listener = listening(family, &port), error = -1, fd;
	socklen_t size = loopback(&address, family, port), error_size = sizeof(error);

	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SHOW(connect(fd, &address.any, size));
	show_events("connecting", events_of(fd, POLLIN | POLLOUT | POLLRDHUP, 1000));
	SHOW(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size));
	printf("error %s\n", check_errno_name(error));
	SHOW(connect(fd, &address.any, size));
	close(fd);
	close(listener);
}

static volatile sig_atomic_t pipes;

static void on_pipe(int signal)
{
	(void)signal;
	pipes++;
}

static void broken_pipe(int family)
{
	int fd = socket(family, SOCK_STREAM, 0), ends[2];

	signal(SIGPIPE, on_pipe);
	SHOW(write(fd, "x", 1));
	printf("signals %d\n", (int)pipes);
	SHOW(send(fd, "x", 1, MSG_NOSIGNAL));
	printf("signals %d\n", (int)pipes);
	tcp_pair(family, ends);
	shutdown(ends[0], SHUT_WR);
	SHOW(send(ends[0], "x", 1, 0));
	printf("signals %d\n", (int)pipes);
	pipes = 0;
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

void test_tcp_ends(int family)
{
	check_section(family == AF_INET ? "ends" : "ends, IPv6");
	half_close(family);
	shut_reading(family);
	resets(family);
	refused(family);
	used_again(family);
	nonblocking_connect(family);
	broken_pipe(family);
}
