/* SPDX-License-Identifier: BSD-3-Clause */
/* epoll: level, edge, one-shot; sets in sets; waiting threads. */
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static int control(int set, int operation, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(set, operation, fd, &event);
}

/* Prints number and kinds of events; a descriptor that was not expected fails a check. */
static void wait_and_show(const char *text, int set, int timeout, int fd)
{
	struct epoll_event events[8];
	int count = epoll_wait(set, events, 8, timeout);

	check_show(text, count);
	for (int i = 0; i < count; i++) {
		check_show("  events", events[i].events);
		if (events[i].data.fd != fd)
			CHECK(events[i].data.fd == fd);
	}
}

static void epoll_errors(int set, int fd)
{
	struct epoll_event event;
	int file = open("/dev/null", O_RDONLY),
	    regular = open("pipes-file", O_CREAT | O_RDWR, 0600);

	SHOW(epoll_create1(0x1));
	SHOW(epoll_create(0));
	SHOW(control(set, EPOLL_CTL_ADD, fd, EPOLLIN));
	SHOW(control(set, EPOLL_CTL_ADD, fd, EPOLLIN));
	SHOW(control(set, EPOLL_CTL_MOD, fd, 0));
	SHOW(control(set, EPOLL_CTL_DEL, fd, 0));
	SHOW(control(set, EPOLL_CTL_DEL, fd, 0));
	SHOW(control(set, EPOLL_CTL_MOD, fd, 0));
	SHOW(control(set, 99, fd, 0));
	SHOW(control(set, EPOLL_CTL_ADD, 99, EPOLLIN));
	SHOW(control(99, EPOLL_CTL_ADD, fd, EPOLLIN));
	SHOW(control(fd, EPOLL_CTL_ADD, set, EPOLLIN));
	SHOW(control(set, EPOLL_CTL_ADD, set, EPOLLIN));
	SHOW(control(set, EPOLL_CTL_ADD, regular, EPOLLIN));
	SHOW(epoll_ctl(set, EPOLL_CTL_ADD, fd, bad_pointer));
	SHOW(control(set, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
	SHOW(control(set, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE));
	SHOW(control(set, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE));
	SHOW(control(set, EPOLL_CTL_MOD, fd, EPOLLIN));
	SHOW(control(set, EPOLL_CTL_DEL, fd, 0));
	SHOW(epoll_wait(set, &event, 0, 0));
	SHOW(syscall(SYS_epoll_wait, set, &event, -1, 0));
	SHOW(epoll_wait(fd, &event, 1, 0));
	SHOW(epoll_wait(99, &event, 1, 0));
	close(file);
	close(regular);
	unlink("pipes-file");
}

static void epoll_level(int set, int in, int out)
{
	char text[8];

	SHOW(control(set, EPOLL_CTL_ADD, in, EPOLLIN));
	wait_and_show("level, empty", set, 0, in);
	MUST(write(out, "ab", 2));
	wait_and_show("level, full", set, -1, in);
	wait_and_show("level, still full", set, 0, in);
	MUST(read(in, text, 1));
	wait_and_show("level, half read", set, 0, in);
	MUST(read(in, text, 1));
	wait_and_show("level, empty again", set, 0, in);
}

static void epoll_edge(int set, int in, int out)
{
	char text[8];

	SHOW(control(set, EPOLL_CTL_MOD, in, EPOLLIN | EPOLLET));
	MUST(write(out, "ab", 2));
	wait_and_show("edge, full", set, -1, in);
	wait_and_show("edge, still full", set, 0, in);
	MUST(read(in, text, 1));
	wait_and_show("edge, half read", set, 0, in);
	MUST(write(out, "c", 1));
	wait_and_show("edge, more written", set, 0, in);
	MUST(read(in, text, 8));
	SHOW(control(set, EPOLL_CTL_MOD, in, EPOLLIN | EPOLLONESHOT));
	MUST(write(out, "a", 1));
	wait_and_show("one shot", set, -1, in);
	wait_and_show("one shot, spent", set, 0, in);
	MUST(write(out, "b", 1));
	wait_and_show("one shot, still spent", set, 0, in);
	SHOW(control(set, EPOLL_CTL_MOD, in, EPOLLIN | EPOLLONESHOT));
	wait_and_show("one shot, armed again", set, 0, in);
	MUST(read(in, text, 8));
}

static int readable(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};

	return poll(&entry, 1, 0);
}

/* A set is readable while, and only while, a file in it is ready. */
static void epoll_in_poll(void)
{
	int set = epoll_create1(0), outer = epoll_create1(0), event = eventfd(0, 0);
	uint64_t value = 1;

	MUST(control(set, EPOLL_CTL_ADD, event, EPOLLIN));
	MUST(control(outer, EPOLL_CTL_ADD, set, EPOLLIN));
	check_show("empty", readable(set) + 2 * readable(outer));
	MUST(write(event, &value, sizeof(value)));
	check_show("full", readable(set) + 2 * readable(outer));
	wait_and_show("in the set", set, 0, event);
	check_show("still full", readable(set) + 2 * readable(outer));
	MUST(read(event, &value, sizeof(value)));
	check_show("empty again", readable(set) + 2 * readable(outer));
	wait_and_show("outside, empty", outer, 0, set);
	MUST(write(event, &value, sizeof(value)));
	wait_and_show("outside, full", outer, -1, set);
	MUST(read(event, &value, sizeof(value)));
	wait_and_show("outside, empty again", outer, 0, set);
	SHOW(control(set, EPOLL_CTL_ADD, outer, EPOLLIN)); /* a circle */
	close(event);
	close(outer);
	close(set);
}

/* The most events that one call asks for come from different files. */
static void epoll_many(void)
{
	int set = epoll_create1(0), events[40], seen = 0;
	struct epoll_event found[16];
	uint64_t mask = 0;

	for (int i = 0; i < 40; i++) {
		events[i] = eventfd(1, 0);
		MUST(epoll_ctl(set, EPOLL_CTL_ADD, events[i],
			       &(struct epoll_event){.events = EPOLLIN, .data.u64 = 1ull << i}));
	}
	for (int round = 0; round < 3; round++) {
		int count = epoll_wait(set, found, 16, 0);

		check_show("of forty", count);
		for (int i = 0; i < count; i++)
			mask |= found[i].data.u64;
	}
	for (; mask; mask &= mask - 1)
		seen++;
	check_show("different ones", seen);
	for (int i = 0; i < 40; i++)
		close(events[i]);
	wait_and_show("none left", set, 0, -1);
	close(set);
}

void pipes_epoll(void)
{
	int set = epoll_create1(EPOLL_CLOEXEC), outer = epoll_create1(0), fds[2], copy;

	check_section("epoll");
	MUST(pipe(fds));
	epoll_errors(set, fds[0]);
	epoll_level(set, fds[0], fds[1]);
	epoll_edge(set, fds[0], fds[1]);
	SHOW(control(outer, EPOLL_CTL_ADD, set, EPOLLIN));
	SHOW(control(set, EPOLL_CTL_ADD, outer, EPOLLIN)); /* a circle */
	SHOW(control(set, EPOLL_CTL_MOD, fds[0], EPOLLIN));
	wait_and_show("a set in a set, empty", outer, 0, set);
	MUST(write(fds[1], "x", 1));
	wait_and_show("a set in a set, full", outer, 0, set);
	SHOW(control(set, EPOLL_CTL_ADD, fds[1], EPOLLOUT));
	SHOW(control(set, EPOLL_CTL_DEL, fds[0], 0));
	wait_and_show("writable", set, 0, fds[1]);
	copy = dup(fds[1]);
	close(copy);
	wait_and_show("a copy was closed", set, 0, fds[1]);
	close(fds[0]);
	wait_and_show("no reader any more", set, 0, fds[1]);
	close(fds[1]); /* leaves the set by itself */
	wait_and_show("nothing left", set, 0, -1);
	close(outer);
	close(set);
	epoll_in_poll();
	epoll_many();
}

#define ROUNDS 2000

struct shuttle {
	int set, event, reply;
	atomic_long received;
};

/* Waits for the event, takes it and replies. */
static void *echo(void *argument)
{
	struct shuttle *shuttle = argument;
	struct epoll_event event;
	uint64_t value;

	while (atomic_load(&shuttle->received) < ROUNDS) {
		if (epoll_wait(shuttle->set, &event, 1, -1) != 1)
			return shuttle;
		if (read(shuttle->event, &value, sizeof(value)) != sizeof(value))
			return shuttle;
		atomic_fetch_add(&shuttle->received, (long)value);
		if (write(shuttle->reply, "r", 1) != 1)
			return shuttle;
	}
	return NULL;
}

void pipes_epoll_threads(void)
{
	struct shuttle shuttle = {.set = epoll_create1(0), .event = eventfd(0, 0)};
	struct epoll_event event;
	uint64_t one = 1;
	pthread_t thread;
	void *result;
	int fds[2], good = 0;
	long start = now_ms();
	char byte;

	check_section("epoll between threads");
	MUST(pipe(fds));
	shuttle.reply = fds[1];
	MUST(control(shuttle.set, EPOLL_CTL_ADD, shuttle.event, EPOLLIN));
	if (pthread_create(&thread, NULL, echo, &shuttle) != 0)
		check_die("pthread_create");
	for (int i = 0; i < ROUNDS; i++) {
		if (write(shuttle.event, &one, sizeof(one)) != sizeof(one))
			break;
		good += read(fds[0], &byte, 1) == 1;
	}
	SHOW(pthread_join(thread, &result));
	CHECK(result == NULL);
	CHECK(good == ROUNDS && shuttle.received == ROUNDS);
	start = now_ms();
	SHOW(epoll_wait(shuttle.set, &event, 1, 30));
	CHECK(now_ms() - start >= 29);
	SHOW(epoll_pwait(shuttle.set, &event, 1, 0, NULL));
	close(fds[0]);
	close(fds[1]);
	close(shuttle.event);
	close(shuttle.set);
}

#define WAITERS 4

struct crowd {
	int set, event;
	atomic_int left;
};

/* Takes one count of a semaphore. */
static void *take_one(void *argument)
{
	struct crowd *crowd = argument;
	struct epoll_event event;
	uint64_t value;

	while (atomic_load(&crowd->left) > 0) {
		if (epoll_wait(crowd->set, &event, 1, -1) != 1)
			return crowd;
		if (read(crowd->event, &value, sizeof(value)) == sizeof(value))
			atomic_fetch_sub(&crowd->left, 1);
	}
	/* The last one lets the others out. */
	value = 1;
	return write(crowd->event, &value, sizeof(value)) == sizeof(value) ? NULL : crowd;
}

/* Several threads wait for one set: each event finds one of them. */
void pipes_epoll_crowd(void)
{
	struct crowd crowd = {.set = epoll_create1(0),
			      .event = eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK),
			      .left = 200};
	pthread_t threads[WAITERS];
	uint64_t value = 4;
	int good = 0;

	check_section("threads waiting for one set");
	MUST(control(crowd.set, EPOLL_CTL_ADD, crowd.event, EPOLLIN));
	for (int i = 0; i < WAITERS; i++)
		if (pthread_create(&threads[i], NULL, take_one, &crowd) != 0)
			check_die("pthread_create");
	for (int i = 0; i < 50; i++)
		MUST(write(crowd.event, &value, sizeof(value)));
	for (int i = 0; i < WAITERS; i++) {
		void *result;

		good += pthread_join(threads[i], &result) == 0 && result == NULL;
	}
	CHECK(good == WAITERS);
	CHECK(atomic_load(&crowd.left) <= 0);
	close(crowd.event);
	close(crowd.set);
}
