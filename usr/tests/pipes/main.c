/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pipes: proves that pipes, poll, select, epoll and eventfd do what Linux does, in one thread and
 * between threads: results and errors, blocking and waking, time-outs, level, edge and one-shot
 * events.
 */
#include "pipes.h"

#include <stdlib.h>
#include <time.h>

struct later {
	void (*function)(void *);
	void *argument;
};

static void *run_later(void *argument)
{
	struct later later = *(struct later *)argument;
	struct timespec pause = {0, 20000000};

	free(argument);
	nanosleep(&pause, NULL);
	later.function(later.argument);
	return NULL;
}

pthread_t start_later(void (*function)(void *), void *argument)
{
	struct later *later = malloc(sizeof(*later));
	pthread_t thread;

	if (!later)
		check_die("malloc");
	*later = (struct later){function, argument};
	if (pthread_create(&thread, NULL, run_later, later) != 0)
		check_die("pthread_create");
	return thread;
}

void join(pthread_t thread)
{
	if (pthread_join(thread, NULL) != 0)
		check_die("pthread_join");
}

long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void)
{
	pipes_basic();
	pipes_capacity();
	pipes_ends();
	pipes_vectors();
	pipes_blocking();
	pipes_fifo();
	pipes_poll();
	pipes_select();
	pipes_epoll();
	pipes_epoll_threads();
	pipes_epoll_crowd();
	pipes_eventfd();
	pipes_splice();
	return check_done();
}
