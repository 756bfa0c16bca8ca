/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cat: copies the standard input to the standard output until its end. Proves that both are
 * binary-clean and of any length, and that errors arrive: EPIPE and ENOSPC end it with 1 and a
 * message.
 *
 * With an argument: "stderr" copies to the standard error output instead; anything else names a
 * file that is copied instead of the standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buffer[100000];

static int copy_all(const char *from, size_t length, int fd)
{
	while (length > 0) {
		ssize_t written = write(fd, from, length);

		if (written < 0) {
			fprintf(stderr, "cat: write: %s\n", strerrorname_np(errno));
			return -1;
		}
		from += written;
		length -= (size_t)written;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	int out = strcmp(mode, "stderr") == 0 ? STDERR_FILENO : STDOUT_FILENO;
	int in = STDIN_FILENO;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (mode[0] != '\0' && out == STDOUT_FILENO)
		in = open(mode, O_RDONLY);
	for (;;) {
		ssize_t length = read(in, buffer, sizeof(buffer));

		if (length < 0) {
			fprintf(stderr, "cat: read: %s\n", strerrorname_np(errno));
			return 1;
		}
		if (length == 0)
			return 0;
		if (copy_all(buffer, (size_t)length, out) != 0)
			return 1;
	}
}
