/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signalled: waits for signals that come from outside. Proves, with its driver, that what the user
 * sends to the proxy reaches the program's handlers.
 *
 * Prints "ready", then the name of each signal that arrives; ends with 7 after SIGTERM. With the
 * argument "busy" it computes instead of sleeping, with "ignore" it ignores SIGINT, with "default"
 * it has no handlers.
 */
#include "common/check.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t arrived[NSIG];

static void remember(int number)
{
	arrived[number]++;
}

static void show(int number)
{
	while (arrived[number] > 0) {
		arrived[number]--;
		printf("SIG%s\n", sigabbrev_np(number));
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static const int numbers[] = {SIGINT, SIGHUP, SIGUSR1, SIGWINCH};
	const char *mode = argc > 1 ? argv[1] : "";
	sigset_t all, none;

	if (strcmp(mode, "default") != 0) {
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			signal(numbers[i], remember);
		signal(SIGTERM, remember);
	}
	if (strcmp(mode, "ignore") == 0)
		signal(SIGINT, SIG_IGN);
	sigfillset(&all);
	sigemptyset(&none);
	if (strcmp(mode, "busy") != 0)
		sigprocmask(SIG_SETMASK, &all, NULL);
	printf("ready\n");
	fflush(stdout);
	while (arrived[SIGTERM] == 0) {
		if (strcmp(mode, "busy") != 0)
			sigsuspend(&none);
		for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			show(numbers[i]);
	}
	show(SIGTERM);
	return 7;
}
