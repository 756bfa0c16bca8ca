/* SPDX-License-Identifier: BSD-3-Clause */
/* FIFOs: pipes with a name, in /tmp. */
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static int try_open(int flags)
{
	int fd = open(path, flags);

	if (fd >= 0)
		close(fd);
	return fd;
}

static void open_for_writing(void *argument)
{
	int fd = open(path, O_WRONLY);

	(void)argument;
	if (fd < 0 || write(fd, "later", 5) != 5)
		check_die("write");
	close(fd);
}

static void open_for_reading(void *argument)
{
	char text[8] = "";
	int fd = open(path, O_RDONLY);

	(void)argument;
	if (fd < 0 || read(fd, text, sizeof(text)) != 2)
		check_die("read");
	close(fd);
}

/* Events of the poll of one descriptor. */
static int ready(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT};

	return poll(&entry, 1, 0) < 0 ? -1 : entry.revents;
}

static void without_waiting(void)
{
	char text[8];
	int reader, writer;

	SHOW(try_open(O_WRONLY | O_NONBLOCK));
	reader = open(path, O_RDONLY | O_NONBLOCK);
	CHECK(reader >= 0);
	SHOW(read(reader, text, 8));
	SHOW(ready(reader)); /* no POLLHUP: nobody has written yet */
	writer = open(path, O_WRONLY);
	CHECK(writer >= 0);
	SHOW(read(reader, text, 8));
	SHOW(write(writer, "text", 4));
	SHOW(ready(reader));
	SHOW(close(writer));
	SHOW(ready(reader));
	SHOW(read(reader, text, 8));
	CHECK(memcmp(text, "text", 4) == 0);
	SHOW(read(reader, text, 8));
	SHOW(close(reader));
}

static void waiting(void)
{
	char text[8] = "";
	long start = now_ms();
	pthread_t thread = start_later(open_for_writing, NULL);
	int fd = open(path, O_RDONLY);

	CHECK(fd >= 0 && now_ms() - start >= 15);
	SHOW(read(fd, text, 8));
	CHECK(memcmp(text, "later", 5) == 0);
	SHOW(read(fd, text, 8));
	SHOW(close(fd));
	join(thread);
	start = now_ms();
	thread = start_later(open_for_reading, NULL);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0 && now_ms() - start >= 15);
	SHOW(write(fd, "ab", 2));
	join(thread);
	SHOW(close(fd));
}

static void both_ways(void)
{
	char text[8];
	int fd = open(path, O_RDWR), again;

	CHECK(fd >= 0);
	SHOW(ready(fd));
	SHOW(write(fd, "left", 4));
	SHOW(ready(fd));
	SHOW(close(fd)); /* what nobody has read is gone */
	again = open(path, O_RDONLY | O_NONBLOCK);
	SHOW(read(again, text, 8));
	SHOW(lseek(again, 0, SEEK_SET));
	SHOW(close(again));
}

void pipes_fifo(void)
{
	char folder[] = "/tmp/pipes-XXXXXX";
	struct stat info;

	check_section("FIFOs");
	if (!mkdtemp(folder))
		check_die("mkdtemp");
	snprintf(path, sizeof(path), "%s/fifo", folder);
	SHOW(mkfifo(path, 0620));
	SHOW(mkfifo(path, 0620));
	SHOW(stat(path, &info));
	CHECK(S_ISFIFO(info.st_mode) && (info.st_mode & 0700) == 0600);
	without_waiting();
	waiting();
	both_ways();
	SHOW(unlink(path));
	SHOW(rmdir(folder));
}
