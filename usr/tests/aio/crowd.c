/* SPDX-License-Identifier: BSD-3-Clause */
/* Polls of several threads that fire, are cancelled and end at the same time: none is lost. */
#include "aio.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WORKERS 4
#define ROUNDS	200

static int counters[WORKERS];
static atomic_int ended;
static atomic_long events, cancelled_or_done;

/* Makes one counter after the other ready, for ever. */
static void *write_all(void *argument)
{
	uint64_t one = 1;

	while (!atomic_load(&ended)) {
		for (int i = 0; i < WORKERS; i++)
			(void)!write(counters[i], &one, sizeof(one));
		sched_yield();
	}
	return argument;
}

static long one_round(aio_context_t context, int fd, int round)
{
	struct iocb iocb = request(IOCB_CMD_POLL, fd, (void *)(uintptr_t)POLLIN, 0, 0);
	struct io_event event;
	uint64_t value;
	long taken;

	(void)!read(fd, &value, sizeof(value));
	if (submit_one(context, &iocb) != 1)
		check_die("io_submit");
	if (round % 3 == 0 && io_cancel(context, &iocb, &event) == -1)
		atomic_fetch_add(&cancelled_or_done, errno == EINPROGRESS || errno == EINVAL);
	taken = io_getevents(context, 1, 1, &event, NULL);
	return taken == 1 && (event.res == POLLIN || event.res == 0 || round % 3);
}

static void *work(void *argument)
{
	int fd = *(int *)argument;
	aio_context_t context = new_context(2);

	for (int i = 0; i < ROUNDS; i++)
		atomic_fetch_add(&events, one_round(context, fd, i));
	/* The last one waits while its context ends. */
	struct iocb iocb = request(IOCB_CMD_POLL, fd, (void *)(uintptr_t)POLLPRI, 0, 0);
	if (submit_one(context, &iocb) != 1)
		check_die("io_submit");
	io_destroy(context);
	return NULL;
}

void aio_crowd(void)
{
	pthread_t workers[WORKERS], writer;

	check_section("crowd");
	for (int i = 0; i < WORKERS; i++)
		counters[i] = eventfd(0, EFD_NONBLOCK);
	if (pthread_create(&writer, NULL, write_all, NULL))
		check_die("pthread_create");
	for (int i = 0; i < WORKERS; i++)
		if (pthread_create(&workers[i], NULL, work, &counters[i]))
			check_die("pthread_create");
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	atomic_store(&ended, 1);
	pthread_join(writer, NULL);
	CHECK(events == WORKERS * ROUNDS);
	CHECK(cancelled_or_done == WORKERS * ((ROUNDS + 2) / 3));
	for (int i = 0; i < WORKERS; i++)
		close(counters[i]);
}
