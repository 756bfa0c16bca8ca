/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * netio: throughput of one TCP connection, for each size of the blocks that are written and read.
 *
 *   netio -s [-p PORT]                       serves peers until it is killed
 *   netio [-p PORT] [-t MS] [-b BYTES]... [-d send|receive] ADDRESS
 *   netio [-t MS] ... self                   both ends in this program, over the loopback interface
 *
 * Each measurement is a connection of its own. It begins with a request that tells the server the
 * direction, the size of the blocks and for how long; whoever sends does so for that time and then
 * closes its direction. The other end counts. What counts for `send` is when the server has told
 * that it has everything.
 *
 * Threads: one for the server where both ends are in one program. Nothing is shared.
 */
#include "bench.h"
#include "peer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_PORT  5202
#define DEFAULT_MS    1000
#define BLOCK_MAX     32768
#define BLOCKS_MAX    32
#define NS_PER_MS     1000000ull
#define REQUEST_MAGIC 0x6e65746fu

enum direction { SEND, RECEIVE, DIRECTIONS };

static const char *const direction_names[] = {"send", "receive"};

/* The first bytes of a connection, in the order of this processor. */
struct request {
	uint32_t magic;
	uint32_t direction; /* of the client */
	uint32_t block;
	uint32_t ms;
};

static _Alignas(4096) char block_data[DIRECTIONS][BLOCK_MAX];

/* Writes blocks for the time that was asked for, and ends this direction. Returns their bytes. */
static uint64_t blocks_send(int fd, const struct request *request)
{
	uint64_t end = bench_ns() + request->ms * NS_PER_MS, bytes = 0;

	do {
		/* A look at the clock must not be what is measured: it is for 16 small blocks. */
		for (unsigned i = 0; i < 16; i++)
			peer_send(fd, block_data[SEND], request->block);
		bytes += 16ull * request->block;
	} while (bench_ns() < end);
	bench_check(shutdown(fd, SHUT_WR) != 0, "shutdown");
	return bytes;
}

/* Reads to the end of what the peer sends. Returns its bytes. */
static uint64_t blocks_receive(int fd, const struct request *request)
{
	uint64_t bytes = 0;
	ssize_t part;

	while ((part = read(fd, block_data[RECEIVE], request->block)) > 0)
		bytes += (uint64_t)part;
	bench_check(part < 0, "read");
	return bytes;
}

/* Serves one connection. */
static void peer_serve(int fd)
{
	struct request request;

	if (!peer_receive(fd, &request, sizeof(request)))
		return;
	if (request.magic != REQUEST_MAGIC || request.direction >= DIRECTIONS ||
	    request.block == 0 || request.block > BLOCK_MAX) {
		fprintf(stderr, "netio: a request that is none\n");
		return;
	}
	if (request.direction == SEND) {
		uint64_t bytes = blocks_receive(fd, &request);

		peer_send(fd, &bytes, sizeof(bytes));
		return;
	}
	uint64_t bytes = blocks_send(fd, &request), received;

	bench_check(!peer_receive(fd, &received, sizeof(received)), "read");
	if (bytes != received)
		fprintf(stderr, "netio: %" PRIu64 " bytes sent, %" PRIu64 " arrived\n", bytes,
			received);
}

static void *server_run(void *argument)
{
	int listener = *(const int *)argument;

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		bench_check(fd < 0, "accept");
		peer_serve(fd);
		close(fd);
	}
	return NULL;
}

/* One measurement: prints its line. Returns false when bytes were lost. */
static bool client_measure(const char *address, uint16_t port, struct request request)
{
	int fd = peer_connect(SOCK_STREAM, address, port);
	uint64_t begin = bench_ns(), bytes, other;

	peer_send(fd, &request, sizeof(request));
	if (request.direction == SEND) {
		bytes = blocks_send(fd, &request);
		bench_check(!peer_receive(fd, &other, sizeof(other)), "read");
	} else {
		bytes = other = blocks_receive(fd, &request);
	}
	uint64_t ns = bench_ns() - begin;

	if (request.direction == RECEIVE)
		peer_send(fd, &bytes, sizeof(bytes));
	close(fd);
	printf("direction=%s block=%" PRIu32 " bytes=%" PRIu64 " seconds=%.3f MB/s=%.2f\n",
	       direction_names[request.direction], request.block, bytes,
	       (double)ns / (double)BENCH_NS_PER_S, (double)bytes * 1e3 / (double)ns);
	fflush(stdout);
	if (bytes == other)
		return true;
	fprintf(stderr, "netio: %" PRIu64 " bytes sent, %" PRIu64 " arrived\n", bytes, other);
	return false;
}

static _Noreturn void usage(void)
{
	fprintf(stderr,
		"usage: netio -s [-p PORT]\n"
		"       netio [-p PORT] [-t MS] [-b BYTES]... [-d send|receive] ADDRESS|self\n");
	exit(2);
}

struct options {
	bool serve;
	bool skip[DIRECTIONS];
	uint16_t port;
	uint32_t ms;
	unsigned block_count;
	uint32_t blocks[BLOCKS_MAX];
};

static void direction_choose(struct options *options, const char *name)
{
	for (unsigned d = 0; d < DIRECTIONS; d++)
		options->skip[d] = strcmp(name, direction_names[d]) != 0;
	if (options->skip[SEND] && options->skip[RECEIVE])
		usage();
}

static void options_read(struct options *options, int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "sp:t:b:d:")) != -1) {
		if (option == 's')
			options->serve = true;
		else if (option == 'p')
			options->port = (uint16_t)bench_number(optarg, 1, 65535, "-p");
		else if (option == 't')
			options->ms = (uint32_t)bench_number(optarg, 1, 3600000, "-t");
		else if (option == 'b' && options->block_count < BLOCKS_MAX)
			options->blocks[options->block_count++] =
				(uint32_t)bench_number(optarg, 1, BLOCK_MAX, "-b");
		else if (option == 'd')
			direction_choose(options, optarg);
		else
			usage();
	}
	if (argc - optind != (options->serve ? 0 : 1))
		usage();
	if (options->block_count)
		return;
	for (uint32_t size = 1; size <= BLOCK_MAX; size *= 2)
		options->blocks[options->block_count++] = size;
}

int main(int argc, char *argv[])
{
	struct options options = {.port = DEFAULT_PORT, .ms = DEFAULT_MS};
	const char *address;
	bool whole = true;
	pthread_t thread;
	int listener;

	options_read(&options, argc, argv);
	if (options.serve) {
		listener = peer_listen(SOCK_STREAM, options.port);
		printf("listening\n");
		fflush(stdout);
		server_run(&listener);
	}
	address = argv[optind];
	if (strcmp(address, "self") == 0) {
		listener = peer_listen(SOCK_STREAM, 0);
		address = "127.0.0.1";
		options.port = peer_port(listener);
		bench_check_code(pthread_create(&thread, NULL, server_run, &listener),
				 "pthread_create");
	}
	for (unsigned d = 0; d < DIRECTIONS; d++) {
		for (unsigned i = 0; i < options.block_count && !options.skip[d]; i++) {
			struct request request = {REQUEST_MAGIC, d, options.blocks[i], options.ms};

			whole &= client_measure(address, options.port, request);
		}
	}
	return whole ? 0 : 1;
}
