/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * httpd: the smallest HTTP/1.1 server: one thread, one epoll set, the same reply to every request.
 *
 *   httpd [-p PORT] [-b BYTES] [-n REQUESTS]   a body of BYTES (5); ends after REQUESTS, else never
 *   httpd [-b BYTES] -n REQUESTS self          asks itself, over the loopback interface
 *
 * A request ends with an empty line, and nobody sends the next before the reply to the last (no
 * pipelining), so what matters of a request is its last four bytes. Connections are kept alive.
 *
 * Threads: the client, where there is one. It shares nothing with the server.
 */
#include "bench.h"
#include "peer.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT  8000
#define DEFAULT_BODY  5
#define BODY_MAX      (1 << 20)
#define REQUEST_MAX   4096
#define EVENTS_MAX    64
#define HEAD_MAX      128
#define REQUEST_END   "\r\n\r\n"
#define REQUEST_END_N 4

/* The last bytes of what each connection has sent: an empty line may come in two parts. */
struct connection {
	int fd;
	char tail[REQUEST_END_N];
};

struct reply {
	char *data;
	size_t size;
};

static struct reply reply_make(size_t body)
{
	struct reply reply = {.data = malloc(HEAD_MAX + body)};

	bench_check(!reply.data, "malloc");
	reply.size = (size_t)snprintf(reply.data, HEAD_MAX,
				      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
				      "Content-Length: %zu\r\n\r\n",
				      body);
	memset(reply.data + reply.size, 'x', body);
	reply.size += body;
	return reply;
}

static void connection_add(int set, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

	bench_check(!connection, "calloc");
	connection->fd = fd;
	bench_check(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0, "epoll_ctl");
}

static void connection_close(struct connection *connection)
{
	close(connection->fd);
	free(connection);
}

/* Notes the end of what was read. True: it ends a request. */
static bool request_is_whole(struct connection *connection, const char *data, size_t size)
{
	size_t keep = size < REQUEST_END_N ? REQUEST_END_N - size : 0;

	memmove(connection->tail, connection->tail + REQUEST_END_N - keep, keep);
	memcpy(connection->tail + keep, data + size - (REQUEST_END_N - keep), REQUEST_END_N - keep);
	return memcmp(connection->tail, REQUEST_END, REQUEST_END_N) == 0;
}

/* Reads what a connection has and answers. True: a request was answered. */
static bool connection_serve(struct connection *connection, const struct reply *reply)
{
	static char data[REQUEST_MAX];
	ssize_t size = read(connection->fd, data, sizeof(data));

	if (size <= 0) {
		connection_close(connection);
		return false;
	}
	if (!request_is_whole(connection, data, (size_t)size))
		return false;
	peer_send(connection->fd, reply->data, reply->size);
	return true;
}

/* Serves until `requests` were answered; for ever when that is 0. */
static void server_run(int listener, size_t body, uint64_t requests)
{
	struct reply reply = reply_make(body);
	struct epoll_event events[EVENTS_MAX];
	int set = epoll_create1(0);
	uint64_t answered = 0;

	bench_check(set < 0, "epoll_create1");
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	bench_check(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event) != 0, "epoll_ctl");
	while (requests == 0 || answered < requests) {
		int count = epoll_wait(set, events, EVENTS_MAX, -1);

		bench_check(count < 0, "epoll_wait");
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			if (connection) {
				answered += connection_serve(connection, &reply);
				continue;
			}
			int fd = accept(listener, NULL, NULL);

			bench_check(fd < 0, "accept");
			peer_no_delay(fd);
			connection_add(set, fd);
		}
	}
	free(reply.data);
	close(set);
}

struct client {
	uint16_t port;
	size_t body;
	uint64_t requests;
};

/* Asks so often, over one connection, and checks what comes. */
static void *client_run(void *argument)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: self\r\n\r\n";
	const struct client *client = argument;
	struct reply expected = reply_make(client->body);
	char *data = malloc(expected.size);
	int fd = peer_connect(SOCK_STREAM, "127.0.0.1", client->port);

	bench_check(!data, "malloc");
	peer_no_delay(fd);
	for (uint64_t i = 0; i < client->requests; i++) {
		peer_send(fd, request, 7); /* an end of a request alone is no request */
		peer_send(fd, request + 7, sizeof(request) - 1 - 7);
		bench_check(!peer_receive(fd, data, expected.size), "read");
		errno = EPROTO;
		bench_check(memcmp(data, expected.data, expected.size) != 0, "reply");
	}
	close(fd);
	free(data);
	free(expected.data);
	return NULL;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: httpd [-p PORT] [-b BYTES] [-n REQUESTS]\n"
			"       httpd [-b BYTES] -n REQUESTS self\n");
	exit(2);
}

int main(int argc, char *argv[])
{
	struct client client = {.port = DEFAULT_PORT, .body = DEFAULT_BODY};
	pthread_t thread;
	bool self;
	int option, listener;

	while ((option = getopt(argc, argv, "p:b:n:")) != -1) {
		if (option == 'p')
			client.port = (uint16_t)bench_number(optarg, 1, 65535, "-p");
		else if (option == 'b')
			client.body = bench_number(optarg, 0, BODY_MAX, "-b");
		else if (option == 'n')
			client.requests = bench_number(optarg, 1, UINT64_MAX, "-n");
		else
			usage();
	}
	self = argc - optind == 1 && strcmp(argv[optind], "self") == 0 && client.requests;
	if (argc != optind && !self)
		usage();
	listener = peer_listen(SOCK_STREAM, self ? 0 : client.port);
	client.port = peer_port(listener);
	printf("listening\n");
	fflush(stdout);
	if (self)
		bench_check_code(pthread_create(&thread, NULL, client_run, &client),
				 "pthread_create");
	server_run(listener, client.body, client.requests);
	if (self) {
		pthread_join(thread, NULL);
		printf("served %llu\n", (unsigned long long)client.requests);
	}
	return 0;
}
