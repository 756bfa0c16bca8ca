/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signals: proves that handlers, masks, queues, waits, alternate stacks and the contexts of
 * handlers work as on Linux, for signals that are sent and for faults.
 */
#include "signals.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	if (sigaction(number, &action, NULL) != 0)
		check_die("sigaction");
}

static void *send_signal(void *argument)
{
	struct timespec pause = {0, 20000000};

	nanosleep(&pause, NULL);
	kill(getpid(), (int)(intptr_t)argument);
	return NULL;
}

pthread_t send_later(int number)
{
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	errno = pthread_create(&thread, NULL, send_signal, (void *)(intptr_t)number);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (errno != 0)
		check_die("pthread_create");
	return thread;
}

int main(void)
{
	signals_handlers();
	signals_masks();
	signals_queue();
	signals_wait();
	signals_restart();
	signals_stack();
	signals_faults();
	signals_context();
	signals_floating_point();
	signals_threads();
	return check_done();
}
