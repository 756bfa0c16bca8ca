/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * edge: copies standard input, which it does not block on, to standard output, and sleeps for an
 * edge-triggered event between. Proves that whatever comes after all was read is an edge again.
 */
#include "common/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PATIENCE_MS 20000

/* Copies what there is: 1 when more may come, 0 at the end. */
static int drain(void)
{
	char text[64];
	ssize_t length;

	while ((length = read(0, text, sizeof(text))) > 0)
		if (write(1, text, (size_t)length) != length)
			check_die("write");
	if (length < 0 && errno != EAGAIN)
		check_die("read");
	return length < 0;
}

int main(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int set = epoll_create1(0);

	if (fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK) != 0)
		check_die("fcntl");
	if (epoll_ctl(set, EPOLL_CTL_ADD, 0, &event) != 0)
		check_die("epoll_ctl");
	do {
		if (epoll_wait(set, &event, 1, PATIENCE_MS) != 1)
			check_die("epoll_wait");
	} while (drain());
	return 0;
}
