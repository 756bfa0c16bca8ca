/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hello: the first program anybody runs. Proves that a C program starts, sees its arguments, gets a
 * signal that it raises itself, reads a file of the host and writes a file.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_PATH  "/etc/hostname"
#define WRITE_PATH "/tmp/test.txt"

static volatile sig_atomic_t seen_signal;

static void remember_signal(int number)
{
	seen_signal = number;
}

static int raise_signal(void)
{
	struct sigaction action = {.sa_handler = remember_signal};

	if (sigaction(SIGUSR1, &action, NULL) != 0 || raise(SIGUSR1) != 0) {
		perror("hello: signal");
		return 1;
	}
	if (seen_signal != SIGUSR1) {
		fprintf(stderr, "hello: the signal did not arrive\n");
		return 1;
	}
	printf("Received signal %d (%s)\n", seen_signal, strsignal(seen_signal));
	return 0;
}

static int read_host_file(void)
{
	char line[256];
	FILE *file = fopen(READ_PATH, "r");

	if (!file || !fgets(line, sizeof(line), file)) {
		fprintf(stderr, "hello: cannot read %s: %s\n", READ_PATH, strerror(errno));
		if (file)
			fclose(file);
		return 1;
	}
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	printf("%s says: %s\n", READ_PATH, line);
	return 0;
}

static int write_file(void)
{
	FILE *file = fopen(WRITE_PATH, "w");

	if (!file) {
		fprintf(stderr, "hello: cannot write %s: %s\n", WRITE_PATH, strerror(errno));
		return 1;
	}
	if (fprintf(file, "Hello World from a file\n") < 0 || fclose(file) != 0) {
		fprintf(stderr, "hello: cannot write %s: %s\n", WRITE_PATH, strerror(errno));
		return 1;
	}
	printf("Wrote %s\n", WRITE_PATH);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	printf("Hello World!\n");
	for (int i = 1; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	failed |= raise_signal();
	failed |= read_host_file();
	failed |= write_file();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
