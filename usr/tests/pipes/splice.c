/* SPDX-License-Identifier: BSD-3-Clause */
/* splice, tee and vmsplice: between pipes, files and memory. */
#include "pipes.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static char text[300000], back[300000];

/* Reads what FD holds, up to SIZE bytes, and shows it. */
static void show_pipe(int fd, size_t size)
{
	char line[64];
	ssize_t length = read(fd, line, size < sizeof(line) ? size : sizeof(line));

	printf("  holds \"%.*s\"\n", (int)(length < 0 ? 0 : length), line);
}

static void splice_files(int a[2], int b[2])
{
	int file = open("pipes-file", O_CREAT | O_TRUNC | O_RDWR, 0600), end;
	off_t offset = 2;

	MUST(write(file, "0123456789", 10));
	SHOW(splice(file, &offset, a[1], NULL, 4, 0));
	check_show("offset", offset);
	SHOW(lseek(file, 0, SEEK_CUR));
	show_pipe(a[0], 64);
	SHOW(splice(file, NULL, a[1], NULL, 4, 0)); /* at the file's end */
	MUST(lseek(file, 7, SEEK_SET));
	SHOW(splice(file, NULL, a[1], NULL, 100, 0));
	offset = 1;
	SHOW(splice(a[0], NULL, file, &offset, 2, 0));
	check_show("offset", offset);
	SHOW(splice(a[0], NULL, file, NULL, 100, SPLICE_F_MOVE | SPLICE_F_MORE));
	SHOW(lseek(file, 0, SEEK_END));
	MUST(pread(file, back, 11, 0));
	printf("  file \"%.11s\"\n", back);
	SHOW(splice(a[0], &offset, file, NULL, 1, 0));
	SHOW(splice(file, NULL, file, NULL, 1, 0));
	SHOW(splice(99, NULL, a[1], NULL, 1, 0));
	SHOW(splice(a[1], NULL, b[1], NULL, 1, 0));
	SHOW(splice(a[0], NULL, b[0], NULL, 1, 0));
	SHOW(splice(a[0], NULL, b[1], NULL, 1, 0x100));
	SHOW(splice(a[0], NULL, b[1], NULL, 0, 0));
	SHOW(splice(a[0], NULL, a[1], NULL, 1, 0));
	SHOW(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK));
	end = open("pipes-file", O_WRONLY | O_APPEND);
	MUST(write(a[1], "x", 1));
	SHOW(splice(a[0], NULL, end, NULL, 1, 0));
	show_pipe(a[0], 64);
	close(end);
	close(file);
	unlink("pipes-file");
}

static void splice_pipes(int a[2], int b[2])
{
	MUST(write(a[1], "abcdef", 6));
	SHOW(tee(a[0], b[1], 4, 0));
	show_pipe(b[0], 64);
	SHOW(splice(a[0], NULL, b[1], NULL, 2, 0));
	SHOW(splice(a[0], NULL, b[1], NULL, 100, 0));
	show_pipe(b[0], 64);
	SHOW(tee(a[0], b[1], 4, SPLICE_F_NONBLOCK));
	SHOW(tee(a[0], a[1], 4, 0));
	SHOW(tee(a[0], b[1], 0, 0));
	SHOW(tee(a[0], 99, 4, 0));
}

static void splice_memory(int a[2])
{
	struct iovec parts[2] = {{text, 3}, {text + 10, 2}};

	memcpy(text, "one.......two", 13);
	SHOW(vmsplice(a[1], parts, 2, 0));
	parts[0] = (struct iovec){back, 2};
	parts[1] = (struct iovec){back + 2, 10};
	SHOW(vmsplice(a[0], parts, 2, 0));
	printf("  \"%.5s\"\n", back);
	SHOW(vmsplice(a[0], parts, 2, SPLICE_F_NONBLOCK));
	SHOW(vmsplice(a[0], parts, 2000, 0));
	SHOW(vmsplice(a[0], parts, 2, 0x100));
	SHOW(vmsplice(99, parts, 2, 0));
}

struct stream {
	int in, out;
	size_t moved;
};

/* Moves all of IN, a pipe, to OUT. */
static void *pump(void *argument)
{
	struct stream *stream = argument;
	ssize_t moved;

	while ((moved = splice(stream->in, NULL, stream->out, NULL, sizeof(text), 0)) > 0)
		stream->moved += (size_t)moved;
	close(stream->out);
	return NULL;
}

static void *feed(void *argument)
{
	int out = *(int *)argument;

	if (write(out, text, sizeof(text)) != (ssize_t)sizeof(text))
		return argument;
	close(out);
	return NULL;
}

/* More than the pipes hold goes through both, with all sides waiting now and then. */
static void splice_stream(void)
{
	struct stream stream = {0};
	pthread_t pumping, feeding;
	size_t length = 0;
	int a[2], b[2];
	ssize_t part;

	MUST(pipe(a));
	MUST(pipe(b));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 + i / 251);
	stream.in = a[0];
	stream.out = b[1];
	if (pthread_create(&pumping, NULL, pump, &stream) != 0 ||
	    pthread_create(&feeding, NULL, feed, &a[1]) != 0)
		check_die("pthread_create");
	while ((part = read(b[0], back + length, 10000)) > 0)
		length += (size_t)part;
	join(pumping);
	join(feeding);
	check_show("length", (long)length);
	CHECK(length == sizeof(text) && memcmp(text, back, length) == 0);
	CHECK(stream.moved == sizeof(text));
	close(a[0]);
	close(b[0]);
}

void pipes_splice(void)
{
	int a[2], b[2];

	check_section("splice, tee, vmsplice");
	MUST(pipe(a));
	MUST(pipe(b));
	splice_files(a, b);
	splice_pipes(a, b);
	splice_memory(a);
	splice_stream();
	signal(SIGPIPE, SIG_IGN);
	MUST(write(a[1], "x", 1));
	close(b[0]);
	SHOW(splice(a[0], NULL, b[1], NULL, 1, 0));
	close(a[1]);
	close(b[1]);
	SHOW(vmsplice(a[0], &(struct iovec){back, 1}, 1, 0));
	close(a[0]);
}
