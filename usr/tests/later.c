/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * later: says "ready", waits for a line on its standard input, and opens the file that the line
 * names (creates it when it is not there) and prints its beginning. Proves, with its driver, what
 * happens when the host's files change while a program runs.
 *
 * With the argument "many" it opens the root directory up to 1000 times instead.
 */
#include "common/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_many(void)
{
	int count = 0;

	while (count < 1000 && open("/", O_RDONLY) >= 0)
		count++;
	if (count < 1000 && errno != EMFILE && errno != ENFILE) {
		printf("%s after %d\n", check_errno_name(errno), count);
		return 1;
	}
	printf("EMFILE or more than 1000\n");
	return 0;
}

int main(int argc, char **argv)
{
	char line[256], text[256];
	ssize_t length;
	int fd;

	printf("ready\n");
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "many") == 0)
		return open_many();
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	line[strcspn(line, "\n")] = '\0';
	fd = open(line, O_RDWR | O_CREAT, 0600);
	printf("open: %s\n", check_errno_name(fd < 0 ? errno : 0));
	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text));
	printf("%.*s\n", (int)(length > 0 ? length : 0), text);
	return 0;
}
