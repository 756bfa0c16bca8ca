/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the pipes program (see main.c) and what they share. */
#ifndef TESTS_PIPES_H
#define TESTS_PIPES_H

#include "common/check.h"

#include <pthread.h>
#include <stddef.h>

void pipes_basic(void);
void pipes_capacity(void);
void pipes_ends(void);
void pipes_vectors(void);
void pipes_blocking(void);
void pipes_fifo(void);
void pipes_poll(void);
void pipes_select(void);
void pipes_epoll(void);
void pipes_epoll_threads(void);
void pipes_epoll_crowd(void);
void pipes_splice(void);
void pipes_eventfd(void);

/* Starts a thread that runs the function after 20 ms: what the caller does meanwhile must block. */
pthread_t start_later(void (*function)(void *), void *argument);
void join(pthread_t thread);

/* Milliseconds of the monotonic clock. */
long now_ms(void);

#endif /* TESTS_PIPES_H */
