/* SPDX-License-Identifier: BSD-3-Clause */
/* pipe, pipe2: contents, capacity, closed ends, blocking. */
#include "pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static volatile sig_atomic_t pipe_signals;

static void count_signal(int number)
{
	(void)number;
	pipe_signals++;
}

void pipes_basic(void)
{
	char text[32] = "";
	struct stat info;
	int fds[2], available;

	check_section("pipe, pipe2");
	SHOW(pipe(fds));
	SHOW(fds[0]);
	SHOW(fds[1]);
	SHOW(write(fds[1], "hello", 5));
	SHOW(write(fds[1], "world", 5));
	SHOW(ioctl(fds[0], FIONREAD, &available));
	SHOW(available);
	SHOW(read(fds[0], text, 7));
	CHECK(memcmp(text, "hellowo", 7) == 0);
	SHOW(read(fds[0], text, sizeof(text)));
	SHOW(read(fds[1], text, 1));
	SHOW(write(fds[0], text, 1));
	SHOW(write(fds[1], bad_pointer, 1));
	SHOW(write(fds[1], "x", 1));
	SHOW(read(fds[0], bad_pointer, 1));
	SHOW(lseek(fds[0], 0, SEEK_SET));
	SHOW(pread(fds[0], text, 1, 0));
	SHOW(pwrite(fds[1], text, 1, 0));
	SHOW(ftruncate(fds[1], 0));
	SHOW(fsync(fds[1]));
	SHOW(fstat(fds[0], &info));
	CHECK(S_ISFIFO(info.st_mode));
	SHOW(fcntl(fds[0], F_GETFL));
	SHOW(fcntl(fds[1], F_GETFL));
	SHOW(fcntl(fds[0], F_GETFD));
	SHOW(isatty(fds[0]));
	SHOW(close(fds[0]));
	SHOW(close(fds[1]));
	SHOW(pipe2(fds, O_CLOEXEC | O_NONBLOCK));
	SHOW(fcntl(fds[0], F_GETFL));
	SHOW(fcntl(fds[0], F_GETFD));
	SHOW(read(fds[0], text, 1));
	SHOW(close(fds[0]));
	SHOW(close(fds[1]));
	SHOW(pipe2(fds, 0x1));
	SHOW(pipe2(bad_pointer, 0));
}

void pipes_capacity(void)
{
	static char big[1 << 20];
	int fds[2], total = 0, length;

	check_section("capacity of a pipe");
	MUST(pipe2(fds, O_NONBLOCK));
	SHOW(fcntl(fds[0], F_GETPIPE_SZ));
	while ((length = (int)write(fds[1], big, 4096)) > 0)
		total += length;
	check_show("write to a full pipe", length);
	check_show("bytes in it", total);
	SHOW(read(fds[0], big, 1000));
	SHOW(write(fds[1], big, 4096)); /* atomic: no part of it */
	SHOW(read(fds[0], big, 10000));
	SHOW(write(fds[1], big, 4096));
	while (read(fds[0], big, sizeof(big)) > 0)
		;
	SHOW(write(fds[1], big, 100000)); /* partial: more than PIPE_BUF */
	while (read(fds[0], big, sizeof(big)) > 0)
		;
	SHOW(fcntl(fds[0], F_SETPIPE_SZ, 1 << 18));
	SHOW(fcntl(fds[1], F_GETPIPE_SZ));
	SHOW(write(fds[1], big, sizeof(big)));
	SHOW(fcntl(fds[0], F_SETPIPE_SZ, 4096));
	while (read(fds[0], big, sizeof(big)) > 0)
		;
	SHOW(fcntl(fds[0], F_SETPIPE_SZ, 5000));
	SHOW(write(fds[1], big, sizeof(big)));
	SHOW(fcntl(STDOUT_FILENO, F_SETPIPE_SZ, -1) < 0);
	close(fds[0]);
	close(fds[1]);
}

void pipes_ends(void)
{
	char text[8];
	int fds[2], copy;

	check_section("closed ends");
	MUST(pipe(fds));
	MUST(write(fds[1], "rest", 4));
	close(fds[1]);
	SHOW(read(fds[0], text, sizeof(text)));
	SHOW(read(fds[0], text, sizeof(text)));
	SHOW(read(fds[0], text, sizeof(text)));
	close(fds[0]);
	MUST(pipe(fds));
	signal(SIGPIPE, count_signal);
	close(fds[0]);
	SHOW(write(fds[1], "lost", 4));
	SHOW(pipe_signals);
	signal(SIGPIPE, SIG_IGN);
	SHOW(write(fds[1], "lost", 4));
	SHOW(pipe_signals);
	close(fds[1]);
	MUST(pipe(fds));
	copy = dup(fds[1]);
	close(fds[1]);
	SHOW(write(copy, "dup", 3)); /* the other descriptor keeps the end open */
	SHOW(read(fds[0], text, sizeof(text)));
	close(copy);
	SHOW(read(fds[0], text, sizeof(text)));
	close(fds[0]);
	signal(SIGPIPE, SIG_DFL);
}

void pipes_vectors(void)
{
	char a[3], b[5];
	struct iovec out[2] = {{(char[]){"abc"}, 3}, {(char[]){"defgh"}, 5}};
	struct iovec in[2] = {{a, 3}, {b, 5}};
	int fds[2];

	check_section("readv, writev on a pipe");
	MUST(pipe(fds));
	SHOW(writev(fds[1], out, 2));
	SHOW(readv(fds[0], in, 2));
	CHECK(memcmp(a, "abc", 3) == 0 && memcmp(b, "defgh", 5) == 0);
	SHOW(write(fds[1], "1234", 4));
	SHOW(readv(fds[0], in, 2)); /* what is there, no more */
	CHECK(memcmp(a, "123", 3) == 0 && b[0] == '4');
	close(fds[0]);
	close(fds[1]);
}

static void write_late(void *fd)
{
	if (write(*(int *)fd, "late", 4) != 4)
		_exit(98);
}

static void close_late(void *fd)
{
	close(*(int *)fd);
}

static void drain(void *fd)
{
	static char bytes[1 << 16];
	long sum = 0;
	ssize_t length;

	while ((length = read(*(int *)fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < length; i++)
			sum += (unsigned char)bytes[i];
	check_show("sum of all bytes that arrived", sum);
}

void pipes_blocking(void)
{
	static unsigned char big[3000000];
	char text[8];
	pthread_t thread;
	long sum = 0;
	int fds[2];

	check_section("blocking");
	MUST(pipe(fds));
	thread = start_later(write_late, &fds[1]);
	SHOW(read(fds[0], text, sizeof(text)));
	join(thread);
	for (size_t i = 0; i < sizeof(big); i++)
		sum += big[i] = (unsigned char)(i * 7 >> 3);
	thread = start_later(drain, &fds[0]);
	SHOW(write(fds[1], big, sizeof(big))); /* blocks until all is written */
	close(fds[1]);
	join(thread);
	check_show("sum of all bytes that were sent", sum);
	close(fds[0]);
	MUST(pipe(fds));
	thread = start_later(close_late, &fds[1]);
	SHOW(read(fds[0], text, sizeof(text))); /* the end wakes the reader */
	join(thread);
	close(fds[0]);
	MUST(pipe(fds));
	signal(SIGPIPE, SIG_IGN);
	MUST(fcntl(fds[1], F_SETPIPE_SZ, 4096));
	MUST(write(fds[1], big, 4096));
	thread = start_later(close_late, &fds[0]);
	SHOW(write(fds[1], big, 4096)); /* the reader's end wakes the writer */
	join(thread);
	close(fds[1]);
	signal(SIGPIPE, SIG_DFL);
}
