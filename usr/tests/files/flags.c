/* SPDX-License-Identifier: BSD-3-Clause */
/* Flags of single reads and writes (preadv2, pwritev2). */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

static void append(void)
{
	char letter = '+';
	struct iovec one = {&letter, 1};
	int fd;

	make_file("append", "0123456789");
	fd = open("append", O_RDWR);
	SHOW(pwritev2(fd, &one, 1, 2, RWF_APPEND));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(pwritev2(fd, &one, 1, -1, RWF_APPEND));
	SHOW(lseek(fd, 0, SEEK_CUR));
	letter = '-';
	SHOW(pwritev2(fd, &one, 1, 2, 0));
	SHOW(preadv2(fd, &one, 1, 3, RWF_APPEND));
	close(fd);
	show_file("append");
	fd = open("append", O_RDWR | O_APPEND);
	SHOW(pwrite(fd, "A", 1, 0));
	SHOW(lseek(fd, 0, SEEK_CUR));
	SHOW(pwritev2(fd, &one, 1, 0, RWF_APPEND | RWF_DSYNC));
	close(fd);
	show_file("append");
	SHOW(unlink("append"));
}

/* Linux can do this with pipes from version 6.4 on, and Hermit, whatever its version says. */
static bool pipes_need_not_wait(void)
{
	struct utsname name;
	unsigned major, minor;

	uname(&name);
	return strstr(name.release, "hermit") ||
	       sscanf(name.release, "%u.%u", &major, &minor) != 2 || major > 6 ||
	       (major == 6 && minor >= 4);
}

static void no_wait(void)
{
	char buffer[8] = "";
	struct iovec part = {buffer, sizeof(buffer)};
	int ends[2], counter = eventfd(0, 0);
	bool can = pipes_need_not_wait();

	MUST(pipe(ends));
	CHECK(preadv2(ends[0], &part, 1, -1, RWF_NOWAIT) == -1);
	CHECK(errno == (can ? EAGAIN : EOPNOTSUPP));
	SHOW(write(ends[1], "four", 4));
	CHECK(preadv2(ends[0], &part, 1, -1, RWF_NOWAIT) == (can ? 4 : -1));
	SHOW(preadv2(ends[0], &part, 1, 0, RWF_NOWAIT));
	SHOW(preadv2(counter, &part, 1, -1, RWF_NOWAIT));
	close(ends[0]);
	close(ends[1]);
	close(counter);
}

void files_flags(void)
{
	char letter = '+';
	struct iovec one = {&letter, 1};
	int fd;

	check_section("flags of a transfer");
	make_file("flags", "abc");
	fd = open("flags", O_RDWR);
	SHOW(pwritev2(fd, &one, 1, 0, 1 << 30));
	SHOW(preadv2(fd, &one, 1, 0, 1 << 30));
	SHOW(pwritev2(fd, &one, 1, 0, RWF_SYNC));
	SHOW(pwritev2(fd, &one, 1, -2, 0));
	SHOW(pwritev2(-1, &one, 1, 0, 1 << 30));
	SHOW(preadv2(fd, &one, 0, 0, 1 << 30));
	close(fd);
	show_file("flags");
	SHOW(unlink("flags"));
	append();
	no_wait();
}
