/* SPDX-License-Identifier: BSD-3-Clause */
/* poll, ppoll, select, pselect, eventfd. */
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t seen_signal;

static void remember(int number)
{
	seen_signal = number;
}

static void write_byte(void *fd)
{
	if (write(*(int *)fd, "x", 1) != 1)
		_exit(98);
}

static void poll_results(int in, int out)
{
	struct pollfd polls[3] = {{in, POLLIN, 0}, {out, POLLOUT, 0}, {-1, POLLIN, 77}};
	char byte;

	SHOW(poll(polls, 3, 0));
	SHOW(polls[0].revents);
	SHOW(polls[1].revents);
	SHOW(polls[2].revents);
	MUST(write(out, "x", 1));
	SHOW(poll(polls, 3, -1));
	SHOW(polls[0].revents);
	polls[0].events = 0;
	SHOW(poll(polls, 1, 0));
	polls[0].events = POLLIN | POLLRDNORM;
	SHOW(poll(polls, 1, 0));
	SHOW(polls[0].revents);
	polls[2].fd = 99;
	SHOW(poll(polls, 3, 0));
	SHOW(polls[2].revents);
	MUST(read(in, &byte, 1));
	SHOW(poll(bad_pointer, 1, 0));
	SHOW(poll(NULL, 0, 0));
	SHOW(syscall(SYS_poll, polls, ~0u, 0));
}

static void poll_waits(int in, int out)
{
	struct pollfd waiting = {in, POLLIN, 0};
	struct timespec timeout = {0, 30000000}, bad = {0, 1000000000};
	char byte;
	pthread_t thread;
	long start = now_ms();

	SHOW(poll(&waiting, 1, 30));
	CHECK(now_ms() - start >= 29);
	start = now_ms();
	SHOW(ppoll(&waiting, 1, &timeout, NULL));
	CHECK(now_ms() - start >= 29);
	SHOW(ppoll(&waiting, 1, &bad, NULL));
	thread = start_later(write_byte, &out);
	SHOW(poll(&waiting, 1, 20000));
	SHOW(waiting.revents);
	CHECK(now_ms() - start < 15000);
	join(thread);
	MUST(read(in, &byte, 1));
}

/* ppoll's mask: the blocked signal arrives during the call only. */
static void poll_signal(int in)
{
	struct pollfd waiting = {in, POLLIN, 0};
	struct sigaction action = {.sa_handler = remember};
	sigset_t blocked, open, old;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	raise(SIGUSR1);
	CHECK(seen_signal == 0);
	SHOW(ppoll(&waiting, 1, NULL, &open));
	CHECK(seen_signal == SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &open);
	CHECK(sigismember(&open, SIGUSR1) == 1);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void pipes_poll(void)
{
	struct pollfd ends[2];
	int fds[2];

	check_section("poll, ppoll");
	MUST(pipe(fds));
	poll_results(fds[0], fds[1]);
	poll_waits(fds[0], fds[1]);
	poll_signal(fds[0]);
	ends[0] = (struct pollfd){fds[0], POLLIN, 0};
	ends[1] = (struct pollfd){fds[1], POLLOUT, 0};
	close(fds[1]);
	SHOW(poll(ends, 1, 0));
	SHOW(ends[0].revents == POLLHUP);
	close(fds[0]);
	MUST(pipe(fds));
	close(fds[0]);
	SHOW(poll(&ends[1], 1, 0));
	SHOW((ends[1].revents & POLLERR) != 0);
	close(fds[1]);
	ends[0].fd = open("/dev/null", O_RDWR);
	ends[0].events = POLLIN | POLLOUT;
	SHOW(poll(ends, 1, 0));
	SHOW(ends[0].revents);
	close(ends[0].fd);
	ends[0].fd = open("pipes-file", O_CREAT | O_RDWR, 0600);
	SHOW(poll(ends, 1, -1)); /* a regular file is always ready */
	SHOW(ends[0].revents);
	close(ends[0].fd);
	SHOW(unlink("pipes-file"));
}

void pipes_select(void)
{
	struct timeval zero = {0, 0}, short_time = {0, 30000}, bad = {0, -1};
	struct timespec short_spec = {0, 30000000};
	pthread_t thread;
	fd_set in, out;
	int fds[2];
	long start;

	check_section("select, pselect");
	MUST(pipe(fds));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(fds[0], &in);
	FD_SET(fds[1], &out);
	SHOW(select(fds[1] + 1, &in, &out, NULL, &zero));
	SHOW(FD_ISSET(fds[0], &in));
	SHOW(FD_ISSET(fds[1], &out));
	FD_SET(fds[0], &in);
	start = now_ms();
	SHOW(select(fds[1] + 1, &in, NULL, NULL, &short_time));
	CHECK(now_ms() - start >= 29);
	SHOW(FD_ISSET(fds[0], &in));
	FD_SET(fds[0], &in);
	SHOW(pselect(fds[1] + 1, &in, NULL, NULL, &short_spec, NULL));
	FD_SET(fds[0], &in);
	thread = start_later(write_byte, &fds[1]);
	SHOW(select(fds[1] + 1, &in, NULL, NULL, NULL));
	SHOW(FD_ISSET(fds[0], &in));
	join(thread);
	SHOW(select(-1, &in, NULL, NULL, &zero));
	SHOW(select(fds[1] + 1, &in, NULL, NULL, &bad));
	SHOW(select(0, NULL, NULL, NULL, &zero));
	/*
	 * Linux looks at no descriptor beyond what its table has room for: 64 in a new process, or
	 * more if the parent had more open. A high descriptor makes room for both.
	 */
	SHOW(dup2(fds[0], 255));
	SHOW(close(255));
	FD_ZERO(&in);
	FD_SET(99, &in);
	SHOW(select(100, &in, NULL, NULL, &zero));
	close(fds[0]);
	close(fds[1]);
}

static void add_five(void *fd)
{
	uint64_t five = 5;

	if (write(*(int *)fd, &five, sizeof(five)) != sizeof(five))
		_exit(98);
}

static void read_counter(void *fd)
{
	uint64_t value = 0;

	if (read(*(int *)fd, &value, sizeof(value)) != sizeof(value))
		_exit(98);
}

static void eventfd_counter(void)
{
	uint64_t value = 7, most = UINT64_MAX - 1, all_ones = UINT64_MAX;
	int fd = eventfd(3, EFD_NONBLOCK);
	struct pollfd state = {fd, POLLIN | POLLOUT, 0};

	SHOW(write(fd, &value, sizeof(value)));
	SHOW(poll(&state, 1, 0));
	SHOW(state.revents);
	SHOW(read(fd, &value, sizeof(value)));
	SHOW(value);
	SHOW(read(fd, &value, sizeof(value)));
	SHOW(write(fd, &all_ones, sizeof(value)));
	SHOW(write(fd, &value, 4));
	SHOW(read(fd, &value, 4));
	SHOW(write(fd, &most, sizeof(most)));
	SHOW(write(fd, &value, sizeof(value))); /* would be too much */
	SHOW(poll(&state, 1, 0));
	SHOW(state.revents);
	SHOW(lseek(fd, 0, SEEK_SET) <= 0);
	SHOW(close(fd));
	fd = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
	SHOW(fcntl(fd, F_GETFD));
	for (int i = 0; i < 4; i++) {
		value = 0;
		SHOW(read(fd, &value, sizeof(value)));
		SHOW(value);
	}
	SHOW(close(fd));
	SHOW(eventfd(0, 0x1000));
}

void pipes_eventfd(void)
{
	uint64_t value = 0, most = UINT64_MAX - 1;
	pthread_t thread;
	int fd;

	check_section("eventfd");
	eventfd_counter();
	fd = eventfd(0, 0);
	thread = start_later(add_five, &fd);
	SHOW(read(fd, &value, sizeof(value))); /* blocks */
	SHOW(value);
	join(thread);
	MUST(write(fd, &most, sizeof(most)));
	thread = start_later(read_counter, &fd);
	value = 1;
	SHOW(write(fd, &value, sizeof(value))); /* blocks as well */
	join(thread);
	SHOW(close(fd));
}
