/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the aio program (see main.c) and what they share. */
#ifndef TESTS_AIO_H
#define TESTS_AIO_H

#include "common/check.h"

#include <linux/aio_abi.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* The ring behind a context, as libraries know it. */
struct aio_ring {
	unsigned id, size, head, tail, magic, compatible, incompatible, header_size;
	struct io_event events[];
};

void aio_setup(void);
void aio_transfers(void);
void aio_submit_errors(void);
void aio_streams(void);
void aio_events(void);
void aio_ring(void);
void aio_polls(void);
void aio_crowd(void);

/* System calls: -1 and errno. */
long io_setup(unsigned requests, aio_context_t *context);
long io_destroy(aio_context_t context);
long io_submit(aio_context_t context, long count, struct iocb **iocbs);
long io_cancel(aio_context_t context, struct iocb *iocb, struct io_event *result);
long io_getevents(aio_context_t context, long min, long max, struct io_event *events,
		  struct timespec *timeout);

/* A context for the number of requests; ends the program where there is none. */
aio_context_t new_context(unsigned requests);
/* A request with operation and file; its data is 77. */
struct iocb request(int operation, int fd, void *buffer, size_t size, off_t offset);
/* Submits one request. */
long submit_one(aio_context_t context, struct iocb *iocb);
/* Submits one request and gives its result, -1 and errno where it failed. */
long run_one(aio_context_t context, struct iocb *iocb);
/* Result of an event: -1 and errno where it is an error. */
long event_result(const struct io_event *event);
/* An open file with the text, for reading and writing, that has no name any more. */
int text_file(const char *text);

#endif /* TESTS_AIO_H */
