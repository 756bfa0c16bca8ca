/* SPDX-License-Identifier: BSD-3-Clause */
/* See qmp.h. QEMU's "gpa2hva" is a command for people, so its answer is a sentence. */
#include "qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An address that is RAM in every machine: below 1 MiB there are ROMs. */
#define ASKED_GPA 0x100000u

static const char question[] = "{\"execute\":\"qmp_capabilities\"}\n"
			       "{\"execute\":\"human-monitor-command\",\"arguments\":"
			       "{\"command-line\":\"gpa2hva 0x100000\"}}\n";
static const char answer[] = "Host virtual address for 0x100000 (";
static const char answer_end[] = ") is 0x";

void qmp_ask_memory(int fd)
{
	ssize_t sent = send(fd, question, strlen(question), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)sent;
}

/* 0, -EAGAIN when TEXT may be followed by the rest of the answer. */
static int parse(const char *text, uint64_t *address)
{
	unsigned long long found;
	char after;
	const char *start = strstr(text, answer);
	const char *number = start ? strstr(start, answer_end) : NULL;

	/* The digits are complete when something follows them. */
	if (!number || sscanf(number + strlen(answer_end), "%llx%c", &found, &after) != 2)
		return -EAGAIN;
	if (found <= ASKED_GPA || found % 4096 != 0)
		return -EINVAL;
	*address = found - ASKED_GPA;
	return 0;
}

int qmp_wait_memory(int fd, int timeout_ms, uint64_t *address)
{
	char text[4096];
	size_t used = 0;

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		if (poll(&ready, 1, timeout_ms) <= 0)
			return -ETIMEDOUT;
		ssize_t got = recv(fd, text + used, sizeof(text) - 1 - used, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return -EPIPE;
		used += (size_t)got;
		text[used] = '\0';
		int err = parse(text, address);
		if (err != -EAGAIN)
			return err;
		if (used == sizeof(text) - 1)
			return -ENOBUFS;
	}
}
