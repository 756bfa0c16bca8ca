/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netlat: the time of a round trip: a request is sent, the peer sends it back.
 *
 *   netlat -s [-p PORT]                                      sends back what comes, for ever
 *   netlat [-p PORT] [-n COUNT] [-b BYTES] tcp|udp ADDRESS   measures, prints percentiles in us
 *   netlat [-n COUNT] [-b BYTES] tcp|udp self                both ends in this program
 *
 * Each request carries its number, so a reply that belongs to another one is an error; a datagram
 * that does not come back within a second counts as lost, and more than one in a hundred is an
 * error. The first tenth of the round trips warms up and does not count.
 *
 * Threads: the server has one for TCP and one for UDP. Nothing is shared but the listening sockets.
 */
#include "bench.h"
#include "peer.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT  5203
#define DEFAULT_COUNT 10000
#define DEFAULT_SIZE  64
#define DATAGRAM_MAX  65000
#define WARM_UP_PART  10
#define NS_PER_US     1e3

struct options {
	bool serve;
	uint16_t port;
	unsigned count;
	size_t size;
};

static int listeners[2]; /* TCP, UDP; set before there is a second thread */

static void *tcp_serve(void *argument)
{
	static char data[DATAGRAM_MAX];

	(void)argument;
	for (;;) {
		int fd = accept(listeners[0], NULL, NULL);
		ssize_t part;

		bench_check(fd < 0, "accept");
		peer_no_delay(fd);
		while ((part = read(fd, data, sizeof(data))) > 0)
			peer_send(fd, data, (size_t)part);
		close(fd);
	}
	return NULL;
}

static void *udp_serve(void *argument)
{
	static char data[DATAGRAM_MAX];

	(void)argument;
	for (;;) {
		struct sockaddr_in from;
		socklen_t length = sizeof(from);
		ssize_t part = recvfrom(listeners[1], data, sizeof(data), 0,
					(struct sockaddr *)&from, &length);

		bench_check(part < 0, "recvfrom");
		bench_check(sendto(listeners[1], data, (size_t)part, 0, (struct sockaddr *)&from,
				   length) != part,
			    "sendto");
	}
	return NULL;
}

/* Listens at the same port with both protocols. Returns it. */
static uint16_t server_start(uint16_t port)
{
	pthread_t thread;

	listeners[0] = peer_listen(SOCK_STREAM, port);
	port = peer_port(listeners[0]);
	listeners[1] = peer_listen(SOCK_DGRAM, port);
	bench_check_code(pthread_create(&thread, NULL, udp_serve, NULL), "pthread_create");
	return port;
}

/* Sends request `number` and waits for it to come back. False: a datagram was lost. */
static bool tcp_exchange(int fd, char *data, size_t size, uint64_t number)
{
	uint64_t back;

	memcpy(data, &number, sizeof(number));
	peer_send(fd, data, size);
	bench_check(!peer_receive(fd, data, size), "the peer has closed the connection");
	memcpy(&back, data, sizeof(back));
	errno = EPROTO;
	bench_check(back != number, "reply");
	return true;
}

static bool udp_exchange(int fd, char *data, size_t size, uint64_t number)
{
	uint64_t back;
	ssize_t part;

	memcpy(data, &number, sizeof(number));
	bench_check(send(fd, data, size, 0) != (ssize_t)size, "send");
	do {
		part = recv(fd, data, size, 0);
		if (part < 0 && errno == EAGAIN)
			return false;
		bench_check(part < 0, "recv");
		memcpy(&back, data, sizeof(back));
	} while (back < number); /* one that was given up for lost */
	errno = EPROTO;
	bench_check(back != number || part != (ssize_t)size, "reply");
	return true;
}

/* The value below which `per_mille` of 1000 of the sorted values lie, in us. */
static double percentile_us(const uint64_t *ns, unsigned count, unsigned per_mille)
{
	size_t index = (size_t)(count - 1) * per_mille / 1000;

	return (double)ns[index] / NS_PER_US;
}

static void result_print(const char *protocol, const struct options *options, uint64_t *ns,
			 unsigned count, unsigned lost)
{
	qsort(ns, count, sizeof(ns[0]), bench_compare_u64);
	printf("protocol=%s bytes=%zu count=%u lost=%u min=%.2f median=%.2f p90=%.2f p99=%.2f "
	       "p99.9=%.2f max=%.2f us\n",
	       protocol, options->size, count, lost, percentile_us(ns, count, 0),
	       percentile_us(ns, count, 500), percentile_us(ns, count, 900),
	       percentile_us(ns, count, 990), percentile_us(ns, count, 999),
	       percentile_us(ns, count, 1000));
}

static int client_run(const char *protocol, const char *address, const struct options *options)
{
	bool tcp = strcmp(protocol, "tcp") == 0;
	bool (*exchange)(int, char *, size_t, uint64_t) = tcp ? tcp_exchange : udp_exchange;
	int fd = peer_connect(tcp ? SOCK_STREAM : SOCK_DGRAM, address, options->port);
	struct timeval limit = {.tv_sec = 1};
	uint64_t *ns = calloc(options->count, sizeof(*ns));
	char *data = calloc(1, options->size);
	unsigned warm_up = options->count / WARM_UP_PART, total = options->count + warm_up;
	unsigned counted = 0, lost = 0;

	bench_check(!ns || !data, "calloc");
	if (tcp)
		peer_no_delay(fd);
	bench_check(!tcp && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0,
		    "SO_RCVTIMEO");
	for (unsigned i = 0; i < total; i++) {
		uint64_t begin = bench_ns();

		if (!exchange(fd, data, options->size, i))
			lost++;
		else if (i >= warm_up)
			ns[counted++] = bench_ns() - begin;
	}
	close(fd);
	errno = ETIMEDOUT;
	bench_check(counted == 0 || lost > total / 100, "datagrams were lost");
	result_print(protocol, options, ns, counted, lost);
	free(ns);
	free(data);
	return 0;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: netlat -s [-p PORT]\n"
			"       netlat [-p PORT] [-n COUNT] [-b BYTES] tcp|udp ADDRESS|self\n");
	exit(2);
}

int main(int argc, char *argv[])
{
	struct options options = {
		.port = DEFAULT_PORT, .count = DEFAULT_COUNT, .size = DEFAULT_SIZE};
	const char *address;
	pthread_t thread;
	int option;

	while ((option = getopt(argc, argv, "sp:n:b:")) != -1) {
		if (option == 's')
			options.serve = true;
		else if (option == 'p')
			options.port = (uint16_t)bench_number(optarg, 1, 65535, "-p");
		else if (option == 'n')
			options.count = (unsigned)bench_number(optarg, 1, 10000000, "-n");
		else if (option == 'b')
			options.size = bench_number(optarg, sizeof(uint64_t), DATAGRAM_MAX, "-b");
		else
			usage();
	}
	if (argc - optind != (options.serve ? 0 : 2))
		usage();
	if (options.serve) {
		server_start(options.port);
		printf("listening\n");
		fflush(stdout);
		tcp_serve(NULL);
	}
	if (strcmp(argv[optind], "tcp") != 0 && strcmp(argv[optind], "udp") != 0)
		usage();
	address = argv[optind + 1];
	if (strcmp(address, "self") == 0) {
		address = "127.0.0.1";
		options.port = server_start(0);
		bench_check_code(pthread_create(&thread, NULL, tcp_serve, NULL), "pthread_create");
	}
	return client_run(argv[optind], address, &options);
}
