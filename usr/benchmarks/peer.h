/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the network benchmarks share: sockets to listen at and to a peer, whole transfers.
 * Failures end the program with one line, as bench_check() does. No state, no locks.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A socket of `type` (SOCK_STREAM, SOCK_DGRAM) bound to `port` of all IPv4 addresses; a stream
 * socket listens. Port 0: any. */
int peer_listen(int type, uint16_t port);

/* The port that a socket is bound to. */
uint16_t peer_port(int fd);

/* A socket of `type` that is connected to an IPv4 address. */
int peer_connect(int type, const char *address, uint16_t port);

/* Makes a stream socket send at once (TCP_NODELAY). */
void peer_no_delay(int fd);

/* Receives exactly `size` bytes. False: the peer has closed the connection before the first. */
bool peer_receive(int fd, void *data, size_t size);

/* Sends exactly `size` bytes. */
void peer_send(int fd, const void *data, size_t size);

#endif /* PEER_H */
