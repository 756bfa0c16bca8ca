/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of the program, and what they share. */
#ifndef TESTS_SOCKETS_H
#define TESTS_SOCKETS_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* The loopback address of FAMILY with PORT (host order). Its size. */
union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};
socklen_t loopback(union address *address, int family, int port);

/* A socket of TYPE bound to the loopback address; its port in *PORT. Ends the program on errors. */
int bound(int family, int type, int *port);
/* A listening TCP socket. */
int listening(int family, int *port);
/* Two ends of a TCP connection. */
void tcp_pair(int family, int ends[2]);
/* The port that FD is bound to. */
int port_of(int fd);
/* Events of POLLIN ... that hold within MS for FD, or -1. */
int events_of(int fd, int events, int ms);
/* Sends SIZE bytes of a pattern that starts at FROM, or checks it. Ends on errors; true: right. */
void send_pattern(int fd, size_t from, size_t size);
int receive_pattern(int fd, size_t from, size_t size);
/* Prints the names of the poll events in EVENTS. */
void show_events(const char *text, int events);

void test_create(void);
void test_tcp(int family);
void test_tcp_ends(int family);
void test_udp(int family);
void test_both(void);
void test_options(void);
void test_messages(void);
void test_waiting(void);
void test_errors(void);

#endif /* TESTS_SOCKETS_H */
