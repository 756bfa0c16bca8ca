/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting: time-outs, signals, poll, epoll with sockets, several threads; errors of addresses. */
#include "sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"

static long ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void timeouts(void)
{
	struct timeval time = {0, 50000};
	struct timespec start;
	int port, listener = listening(AF_INET, &port), ends[2];
	char text[8], filler[65536] = "";

	tcp_pair(AF_INET, ends);
	MUST(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	MUST(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
	MUST(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	clock_gettime(CLOCK_MONOTONIC, &start);
	SHOW(read(ends[0], text, 1));
	SHOW(accept(listener, NULL, NULL));
	CHECK(ms_since(&start) >= 100 && ms_since(&start) < 5000);
	/* Fills all buffers. */
	while (write(ends[0], filler, sizeof(filler)) == (long)sizeof(filler))
		;
	show_events("full", events_of(ends[0], POLLIN | POLLOUT, 0));
	close(ends[0]);
	close(ends[1]);
	close(listener);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void interrupted(void)
{
	struct sigaction action = {.sa_handler = on_alarm}, old;
	struct itimerval soon = {.it_value = {0, 50000}};
	struct timeval time = {5, 0};
	int ends[2];
	char text[8];

	tcp_pair(AF_INET, ends);
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &soon, NULL);
	SHOW(read(ends[0], text, 1));
	MUST(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	action.sa_flags = SA_RESTART; /* does not help with a time-out */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	SHOW(read(ends[0], text, 1));
	sigaction(SIGALRM, &old, NULL);
	alarm(50);
	close(ends[0]);
	close(ends[1]);
}

static void *late_writer(void *argument)
{
	usleep(30000);
	MUST(write(*(int *)argument, "late", 4));
	return NULL;
}

static void polls(void)
{
	struct pollfd entries[3];
	int pipes[2], event = eventfd(0, 0), ends[2];
	pthread_t thread;
	char text[8];

	tcp_pair(AF_INET, ends);
	MUST(pipe(pipes));
	entries[0] = (struct pollfd){.fd = pipes[0], .events = POLLIN};
	entries[1] = (struct pollfd){.fd = event, .events = POLLIN};
	entries[2] = (struct pollfd){.fd = ends[0], .events = POLLIN};
	SHOW(poll(entries, 3, 0));
	pthread_create(&thread, NULL, late_writer, &ends[1]);
	SHOW(poll(entries, 3, 5000));
	show_events("third", entries[2].revents);
	SHOW(read(ends[0], text, 8));
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, late_writer, &ends[1]);
	SHOW(read(ends[0], text, 8));
	pthread_join(thread, NULL);
	close(ends[0]);
	close(ends[1]);
	close(pipes[0]);
	close(pipes[1]);
	close(event);
}

static void show_epoll(int set, int ms)
{
	struct epoll_event events[4];
	int count = epoll_wait(set, events, 4, ms);

	printf("events %d\n", count);
	for (int i = 0; i < count; i++)
		show_events(events[i].data.u32 == 1 ? "first" : "second", (int)events[i].events);
}

static void epolls(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.u32 = 1};
	int set = epoll_create1(0), ends[2];
	char text[8];

	tcp_pair(AF_INET, ends);
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
	show_epoll(set, 0);
	MUST(write(ends[1], "abc", 3));
	show_epoll(set, 1000);
	show_epoll(set, 0); /* level: still there */
	event.events = EPOLLIN | EPOLLOUT | EPOLLET;
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	show_epoll(set, 1000);
	show_epoll(set, 0); /* edge: told already */
	MUST(write(ends[1], "d", 1));
	show_epoll(set, 1000);
	MUST(read(ends[0], text, 8));
	event.events = EPOLLIN | EPOLLONESHOT;
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	MUST(write(ends[1], "e", 1));
	show_epoll(set, 1000);
	MUST(write(ends[1], "f", 1));
	show_epoll(set, 10); /* once only */
	event.events = EPOLLIN | EPOLLRDHUP;
	SHOW(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event));
	close(ends[1]);
	while (read(ends[0], text, 8) > 0)
		;
	show_epoll(set, 1000);
	close(ends[0]);
	show_epoll(set, 0);
	close(set);
}

/* EPOLLEXCLUSIVE: one listening socket in two sets. Whoever looks sees the connection. */
static void exclusive(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE};
	int port, listener = listening(AF_INET, &port), fd = socket(AF_INET, SOCK_STREAM, 0);
	int sets[2] = {epoll_create1(0), epoll_create1(0)};
	union address address;
	socklen_t size = loopback(&address, AF_INET, port);

	SHOW(epoll_ctl(sets[0], EPOLL_CTL_ADD, listener, &event));
	SHOW(epoll_ctl(sets[1], EPOLL_CTL_ADD, listener, &event));
	SHOW(epoll_ctl(sets[0], EPOLL_CTL_MOD, listener, &event));
	event.events = EPOLLIN;
	SHOW(epoll_ctl(sets[0], EPOLL_CTL_MOD, listener, &event));
	event.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	SHOW(epoll_ctl(sets[0], EPOLL_CTL_ADD, fd, &event));
	event.events = EPOLLIN | EPOLLEXCLUSIVE;
	SHOW(epoll_ctl(sets[0], EPOLL_CTL_ADD, sets[1], &event));
	show_epoll(sets[0], 0);
	MUST(connect(fd, &address.any, size));
	show_epoll(sets[0], 1000);
	show_epoll(sets[1], 1000);
	close(accept(listener, NULL, NULL));
	show_epoll(sets[0], 0);
	show_epoll(sets[1], 0);
	close(fd);
	close(listener);
	close(sets[0]);
	close(sets[1]);
}

/* Flags that Linux knows and a socket has not asked for. */
static void flags(void)
{
	int ends[2], one = 1;
	char text[8];

	tcp_pair(AF_INET, ends);
	SHOW(send(ends[0], "zero", 4, MSG_ZEROCOPY)); /* without SO_ZEROCOPY it is ignored */
	SHOW(recv(ends[1], text, 4, MSG_WAITALL));
	SHOW(send(ends[0], "ab", 2, MSG_DONTROUTE | MSG_CONFIRM | MSG_EOR));
	SHOW(recv(ends[1], text, 2, MSG_WAITALL));
	SHOW(recv(ends[1], text, 1, MSG_ERRQUEUE));
	SHOW(setsockopt(ends[0], SOL_SOCKET, SO_BUSY_POLL, &one, 2));
	close(ends[0]);
	close(ends[1]);
}

#define CLIENTS 20
#define ROUNDS	20

static void *client(void *argument)
{
	union address address;
	socklen_t size = loopback(&address, AF_INET, *(int *)argument);
	char text[8];

	for (int round = 0; round < ROUNDS; round++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		MUST(connect(fd, &address.any, size));
		MUST(write(fd, "ping", 4));
		if (recv(fd, text, 4, MSG_WAITALL) != 4)
			check_die("answer");
		close(fd);
	}
	return NULL;
}

/* Many clients of one server that serves them with epoll. */
static void many(void)
{
	struct epoll_event event = {.events = EPOLLIN}, events[16];
	int port, listener = listening(AF_INET, &port), set = epoll_create1(0), served = 0;
	pthread_t threads[CLIENTS];
	char text[8];

	event.data.fd = listener;
	MUST(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event));
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&threads[i], NULL, client, &port);
	while (served < CLIENTS * ROUNDS) {
		int count = epoll_wait(set, events, 16, 10000);

		if (count <= 0)
			check_die("epoll_wait");
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listener) {
				event.data.fd = accept(listener, NULL, NULL);
				MUST(epoll_ctl(set, EPOLL_CTL_ADD, event.data.fd, &event));
			} else if (read(fd, text, sizeof(text)) > 0) {
				MUST(write(fd, "pong", 4));
			} else {
				close(fd);
				served++;
			}
		}
	}
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	printf("served %d\n", served);
	close(set);
	close(listener);
}

void test_waiting(void)
{
	check_section("waiting");
	timeouts();
	interrupted();
	polls();
	epolls();
	exclusive();
	flags();
	many();
}

static void binding(void)
{
	union address address;
	socklen_t size;
	int port, one = 1, listener = listening(AF_INET, &port),
		  fd = socket(AF_INET, SOCK_STREAM, 0);

	size = loopback(&address, AF_INET, port);
	SHOW(bind(fd, &address.any, size));
	SHOW(bind(fd, &address.any, 4));
	SHOW(bind(fd, &address.any, 200));
	SHOW(bind(fd, bad_pointer, size));
	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	SHOW(bind(fd, &address.any, size));
	address.in.sin_port = 0;
	address.in.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, nobody's */
	SHOW(bind(fd, &address.any, size));
	address.in.sin_family = AF_INET6;
	SHOW(bind(fd, &address.any, size));
	size = loopback(&address, AF_INET, 0);
	SHOW(bind(fd, &address.any, size));
	SHOW(bind(fd, &address.any, size));
	SHOW(listen(fd, 1));
	SHOW(listen(fd, 5));
	SHOW(connect(fd, &address.any, size));
	close(fd);
	close(listener);
	/* The port is free again at once for SO_REUSEADDR, although connections are in TIME_WAIT.
	 */
	fd = socket(AF_INET, SOCK_STREAM, 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	loopback(&address, AF_INET, port);
	SHOW(bind(fd, &address.any, size));
	close(fd);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	SHOW(bind(fd, &address.any, sizeof(address.in)));
	close(fd);
}

static void reuse_port(void)
{
	union address address;
	int one = 1, first = socket(AF_INET, SOCK_STREAM, 0);
	int second = socket(AF_INET, SOCK_STREAM, 0), third = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t size = loopback(&address, AF_INET, 0);

	MUST(setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	MUST(setsockopt(second, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	MUST(bind(first, &address.any, size));
	SHOW(listen(first, 1));
	size = loopback(&address, AF_INET, port_of(first));
	SHOW(bind(second, &address.any, size));
	SHOW(listen(second, 1));
	SHOW(bind(third, &address.any, size));
	close(first);
	close(second);
	close(third);
}

void test_errors(void)
{
	union address address;
	socklen_t size = loopback(&address, AF_INET, 1);
	int fd = socket(AF_INET, SOCK_STREAM, 0), value;
	char text[8];

	check_section("errors");
	binding();
	reuse_port();
	SHOW(read(fd, text, 1));
	SHOW(getpeername(fd, &address.any, &size));
	SHOW(shutdown(fd, SHUT_RDWR));
	SHOW(accept(fd, NULL, NULL));
	size = loopback(&address, AF_INET, 1);
	address.any.sa_family = 77;
	SHOW(connect(fd, &address.any, size));
	SHOW(connect(fd, &address.any, 1));
	SHOW(ioctl(fd, TCGETS, text));
	SHOW(ioctl(fd, FIONREAD, bad_pointer));
	SHOW(fsync(fd));
	SHOW(ftruncate(fd, 0));
	value = 1;
	SHOW(ioctl(fd, FIONBIO, &value));
	SHOW(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(fd);
}
