/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * exits: ends in the way its argument names. Proves that the exit status arrives, that the
 * functions of atexit and on_exit run in order, and that buffered output is written or dropped as
 * on Linux.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say_first(void)
{
	printf("registered first, runs last\n");
}

static void say_second(void)
{
	printf("registered second\n");
}

static void on_exit_function(int status, void *argument)
{
	printf("on_exit: status %d, %s\n", status, (const char *)argument);
}

static void exit_again(void)
{
	printf("an exit function calls exit\n");
	exit(9);
}

static void *exit_in_thread(void *argument)
{
	(void)argument;
	printf("the thread exits for all\n");
	exit(11);
}

static void *outlive_main(void *argument)
{
	pthread_join(*(pthread_t *)argument, NULL);
	printf("main is gone, this thread is not\n");
	return NULL;
}

static void *wait_for_ever(void *argument)
{
	while (pause() < 0)
		;
	return argument;
}

static void start_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, argument) != 0)
		_exit(99);
}

static int run(const char *mode)
{
	static pthread_t self;

	printf("buffered text of %s\n", mode);
	if (strcmp(mode, "atexit") == 0) {
		atexit(say_first);
		atexit(say_second);
		on_exit(on_exit_function, (void *)(uintptr_t)mode);
		return 3;
	}
	if (strcmp(mode, "exit-again") == 0) {
		atexit(say_first);
		atexit(exit_again);
		exit(8);
	}
	if (strcmp(mode, "_exit") == 0)
		_exit(4); /* the buffer is lost */
	if (strcmp(mode, "quick") == 0) {
		atexit(say_first);
		at_quick_exit(say_second);
		quick_exit(5);
	}
	if (strcmp(mode, "thread") == 0) {
		start_thread(exit_in_thread, NULL);
		wait_for_ever(NULL);
	}
	if (strcmp(mode, "outlive") == 0) {
		self = pthread_self();
		start_thread(outlive_main, &self);
		pthread_exit(NULL);
	}
	if (strcmp(mode, "leave-thread") == 0) {
		start_thread(wait_for_ever, NULL);
		return 6;
	}
	if (strcmp(mode, "exit-call") == 0) {
		fflush(stdout);
		syscall(SYS_exit, 7); /* the only thread ends: so does the process */
	}
	if (strcmp(mode, "closed") == 0) {
		fflush(stdout);
		close(STDOUT_FILENO);
		if (printf("lost\n") < 0 || fflush(stdout) == 0 || errno != EBADF)
			return 1;
		return 12;
	}
	return atoi(mode); /* more than 8 bits: the status is the rest modulo 256 */
}

int main(int argc, char **argv)
{
	return run(argc > 1 ? argv[1] : "0");
}
