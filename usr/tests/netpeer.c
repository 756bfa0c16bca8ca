/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A peer for tests over a network; its other half is a script.
 *
 * netpeer echo PORT COUNT         serves COUNT connections (all at once), sends back what comes
 * netpeer udp PORT COUNT          sends back COUNT datagrams
 * netpeer send ADDRESS PORT SIZE  sends SIZE bytes of a pattern, and reads as many from the peer
 * netpeer connect ADDRESS PORT    shows how that ends
 * netpeer idle ADDRESS PORT SECONDS  a byte to the peer and back, and another after a rest
 * netpeer leave ADDRESS PORT SIZE  sends SIZE bytes and ends without closing
 * netpeer leave ADDRESS PORT 0    the same when the peer has sent something, which it does not read
 * netpeer name NAME               what getaddrinfo says
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"

static int server(int type, int port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, type, 0), one = 1;

	MUST(fd);
	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	MUST(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	return fd;
}

static void *echo_one(void *argument)
{
	int fd = (int)(long)argument;
	char buffer[16384];
	ssize_t size;

	while ((size = read(fd, buffer, sizeof(buffer))) > 0)
		if (write(fd, buffer, (size_t)size) != size)
			break;
	close(fd);
	return NULL;
}

static int echo(int port, int count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	int listener = server(SOCK_STREAM, port);

	MUST(listen(listener, 1024));
	printf("listening\n");
	for (int i = 0; i < count; i++) {
		int fd = accept(listener, NULL, NULL);

		MUST(fd);
		MUST(-pthread_create(&threads[i], NULL, echo_one, (void *)(long)fd));
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("served %d\n", count);
	free(threads);
	return 0;
}

static int udp(int port, int count)
{
	int fd = server(SOCK_DGRAM, port);
	struct sockaddr_in6 from;
	static char buffer[65536];

	printf("listening\n");
	for (int i = 0; i < count; i++) {
		socklen_t size = sizeof(from);
		ssize_t length =
			recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &size);

		MUST(length);
		MUST(sendto(fd, buffer, (size_t)length, 0, (struct sockaddr *)&from, size));
	}
	printf("served %d\n", count);
	return 0;
}

static int connect_to(const char *address, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *list;
	int fd;

	if (getaddrinfo(address, port, &hints, &list))
		return -1;
	fd = socket(list->ai_family, SOCK_STREAM, 0);
	if (connect(fd, list->ai_addr, list->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

static unsigned char pattern(size_t at)
{
	return (unsigned char)(at * 5 + (at >> 9));
}

struct half {
	int fd;
	size_t size;
};

static void send_pattern(const struct half *half)
{
	unsigned char buffer[8000];

	for (size_t done = 0; done < half->size;) {
		size_t part = half->size - done;
		ssize_t moved;

		if (part > sizeof(buffer))
			part = sizeof(buffer);
		for (size_t i = 0; i < part; i++)
			buffer[i] = pattern(done + i);
		moved = write(half->fd, buffer, part);
		MUST(moved);
		done += (size_t)moved;
	}
}

static void *write_all(void *argument)
{
	const struct half *half = argument;

	send_pattern(half);
	shutdown(half->fd, SHUT_WR);
	return NULL;
}

static int transfer(const char *address, const char *port, size_t size)
{
	struct half half = {connect_to(address, port), size};
	unsigned char buffer[9000];
	size_t got = 0, wrong = 0;
	pthread_t thread;
	ssize_t part;

	MUST(half.fd);
	MUST(-pthread_create(&thread, NULL, write_all, &half));
	while ((part = read(half.fd, buffer, sizeof(buffer))) > 0) {
		for (size_t i = 0; i < (size_t)part; i++)
			wrong += buffer[i] != pattern(got + i);
		got += (size_t)part;
	}
	pthread_join(thread, NULL);
	printf("received %zu, wrong %zu\n", got, wrong);
	return got == size && !wrong ? 0 : 1;
}

static int resolve(const char *name)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *entry;
	char text[INET6_ADDRSTRLEN];
	int error = getaddrinfo(name, NULL, &hints, &list);

	if (error) {
		printf("%s: %s\n", name, gai_strerror(error));
		return 1;
	}
	for (entry = list; entry; entry = entry->ai_next) {
		getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof(text), NULL, 0,
			    NI_NUMERICHOST);
		printf("%s: %s\n", name, text);
	}
	freeaddrinfo(list);
	return 0;
}

static int idle(const char *address, const char *port, unsigned seconds)
{
	int fd = connect_to(address, port);
	char byte = 'x';

	MUST(fd);
	for (int round = 0; round < 2; round++) {
		MUST(write(fd, &byte, 1));
		CHECK(read(fd, &byte, 1) == 1);
		if (!round)
			sleep(seconds);
	}
	close(fd);
	return 0;
}

static int leave(const char *address, const char *port, size_t size)
{
	struct half half = {connect_to(address, port), size};
	char byte;

	MUST(half.fd);
	if (size)
		send_pattern(&half);
	else
		MUST(recv(half.fd, &byte, 1, MSG_PEEK));
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(mode, "echo") && argc == 4)
		return echo(atoi(argv[2]), atoi(argv[3]));
	if (!strcmp(mode, "udp") && argc == 4)
		return udp(atoi(argv[2]), atoi(argv[3]));
	if (!strcmp(mode, "send") && argc == 5)
		return transfer(argv[2], argv[3], strtoul(argv[4], NULL, 0));
	if (!strcmp(mode, "connect") && argc == 4) {
		SHOW(connect_to(argv[2], argv[3]) >= 0 ? 0 : -1);
		return 0;
	}
	if (!strcmp(mode, "idle") && argc == 5)
		return idle(argv[2], argv[3], (unsigned)atoi(argv[4]));
	if (!strcmp(mode, "leave") && argc == 5)
		return leave(argv[2], argv[3], strtoul(argv[4], NULL, 0));
	if (!strcmp(mode, "name"))
		return resolve(argv[2]);
	fprintf(stderr, "usage: see the source\n");
	return 2;
}
