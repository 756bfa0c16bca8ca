/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers, masks, queues, waiting for signals, interrupted calls, signals for threads. */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t order[64], seen;
static volatile sig_atomic_t last_code, last_value, last_pid_is_mine;

static void record(int number, siginfo_t *info, void *context)
{
	(void)context;
	order[seen++ % 64] = number;
	last_code = info->si_code;
	last_value = info->si_value.sival_int;
	last_pid_is_mine = info->si_pid == getpid() && info->si_uid == getuid();
}

static void nest(int number, siginfo_t *info, void *context)
{
	record(number, info, context);
	if (number == SIGUSR1 && seen == 1) {
		raise(SIGUSR1); /* blocked until this handler is done, unless SA_NODEFER */
		raise(SIGUSR2); /* not blocked: runs now */
		order[seen++ % 64] = -1;
	}
}

static void show_order(const char *text)
{
	printf("%s:", text);
	for (int i = 0; i < seen; i++)
		printf(" %d", order[i]);
	printf("\n");
	seen = 0;
}

void signals_handlers(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL}, old;

	check_section("sigaction, raise, kill");
	handle(SIGUSR1, record, 0);
	SHOW(raise(SIGUSR1));
	CHECK(last_code == SI_TKILL && last_pid_is_mine);
	SHOW(kill(getpid(), SIGUSR1));
	CHECK(last_code == SI_USER && last_pid_is_mine);
	show_order("seen");
	SHOW(sigaction(SIGUSR1, NULL, &old));
	CHECK(old.sa_sigaction == record && (old.sa_flags & SA_SIGINFO));
	SHOW(sigaction(SIGKILL, &action, NULL));
	SHOW(sigaction(SIGSTOP, &action, NULL));
	SHOW(sigaction(99, &action, NULL));
	SHOW(sigaction(0, &action, NULL));
	SHOW(kill(getpid(), 0));
	SHOW(kill(getpid(), 99));
	SHOW(kill(99999999, 0));
	handle(SIGUSR1, nest, 0);
	handle(SIGUSR2, nest, 0);
	raise(SIGUSR1);
	show_order("nested handlers");
}

/* A handler that lets itself be called twice only. */
static void twice(int number, siginfo_t *info, void *context)
{
	record(number, info, context);
	if (seen == 1)
		raise(number);
	order[seen++ % 64] = -number;
}

void signals_masks(void)
{
	sigset_t set, old;

	check_section("masks");
	handle(SIGUSR1, twice, 0);
	raise(SIGUSR1);
	show_order("without SA_NODEFER");
	handle(SIGUSR1, twice, SA_NODEFER);
	raise(SIGUSR1);
	show_order("with SA_NODEFER");
	handle(SIGUSR1, record, SA_RESETHAND);
	raise(SIGUSR1);
	CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
	SHOW(raise(SIGUSR1)); /* ignored */
	seen = 0;
	handle(SIGUSR1, record, 0);
	handle(SIGUSR2, record, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	SHOW(sigprocmask(SIG_BLOCK, &set, &old));
	raise(SIGUSR2);
	raise(SIGUSR1);
	raise(SIGUSR1); /* a standard signal is pending once */
	SHOW(seen);
	SHOW(sigpending(&set));
	CHECK(sigismember(&set, SIGUSR1) && sigismember(&set, SIGUSR2) &&
	      !sigismember(&set, SIGHUP));
	SHOW(sigprocmask(SIG_SETMASK, &old, NULL));
	show_order("after unblocking"); /* both frames are built: the last one built runs first */
	SHOW(sigprocmask(99, &set, NULL));
	sigfillset(&set);
	SHOW(sigprocmask(SIG_SETMASK, &set, NULL));
	sigprocmask(SIG_SETMASK, NULL, &set);
	CHECK(!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP));
	sigprocmask(SIG_SETMASK, &old, NULL);
	SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 4));
}

static int queue_values[8];

static void record_value(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	queue_values[seen++ % 8] = info->si_value.sival_int;
	last_code = info->si_code;
}

void signals_queue(void)
{
	union sigval value;
	sigset_t set, old;

	check_section("sigqueue, real-time signals");
	seen = 0;
	handle(SIGRTMIN + 3, record_value, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 5; i++) {
		value.sival_int = 100 + i;
		SHOW(sigqueue(getpid(), SIGRTMIN + 3, value));
	}
	SHOW(seen);
	sigprocmask(SIG_SETMASK, &old, NULL);
	SHOW(seen);
	CHECK(last_code == SI_QUEUE);
	for (int i = 0; i < 5; i++)
		SHOW(queue_values[i]);
	SHOW(sigqueue(getpid(), 99, value));
	seen = 0;
}

void signals_wait(void)
{
	struct timespec brief = {0, 20000000}, none = {0, 0};
	union sigval value = {.sival_int = 77};
	siginfo_t info;
	sigset_t set, old;
	pthread_t thread;
	int number;

	check_section("sigtimedwait, sigwait, sigsuspend, pause");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN + 3);
	sigprocmask(SIG_BLOCK, &set, &old);
	SHOW(sigtimedwait(&set, &info, &none));
	SHOW(sigtimedwait(&set, &info, &brief));
	sigqueue(getpid(), SIGRTMIN + 3, value);
	SHOW(sigwaitinfo(&set, &info) == SIGRTMIN + 3);
	CHECK(info.si_code == SI_QUEUE && info.si_value.sival_int == 77);
	thread = send_later(SIGUSR1);
	SHOW(sigwait(&set, &number));
	SHOW(number);
	pthread_join(thread, NULL);
	handle(SIGUSR1, record, 0);
	seen = 0;
	thread = send_later(SIGUSR1);
	SHOW(sigsuspend(&old));
	SHOW(seen);
	pthread_join(thread, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	thread = send_later(SIGUSR1);
	SHOW(pause());
	SHOW(seen);
	pthread_join(thread, NULL);
	seen = 0;
}

static int restart_fds[2];

static void *signal_then_write(void *target)
{
	struct timespec pause = {0, 30000000};

	nanosleep(&pause, NULL);
	pthread_kill(*(pthread_t *)target, SIGUSR1);
	nanosleep(&pause, NULL);
	if (write(restart_fds[1], "x", 1) != 1)
		_exit(98);
	return NULL;
}

void signals_restart(void)
{
	struct timespec length = {0, 500000000}, rest = {0, 0};
	pthread_t self = pthread_self(), thread;
	char byte;

	check_section("EINTR and SA_RESTART");
	MUST(pipe(restart_fds));
	handle(SIGUSR1, record, 0);
	pthread_create(&thread, NULL, signal_then_write, &self);
	SHOW(read(restart_fds[0], &byte, 1));
	SHOW(read(restart_fds[0], &byte, 1));
	pthread_join(thread, NULL);
	handle(SIGUSR1, record, SA_RESTART);
	pthread_create(&thread, NULL, signal_then_write, &self);
	SHOW(read(restart_fds[0], &byte, 1)); /* goes on after the handler */
	pthread_join(thread, NULL);
	SHOW(seen);
	thread = send_later(SIGUSR1);
	SHOW(nanosleep(&length, &rest)); /* is never restarted */
	CHECK(rest.tv_nsec > 100000000 && rest.tv_nsec < 500000000);
	pthread_join(thread, NULL);
	thread = send_later(SIGWINCH); /* ignored by default: does not interrupt */
	length.tv_nsec = 50000000;
	SHOW(nanosleep(&length, NULL));
	pthread_join(thread, NULL);
	close(restart_fds[0]);
	close(restart_fds[1]);
	seen = 0;
}

#define THREADS 4

static atomic_int ready, wrong_thread;
static _Thread_local int mine;

static void mark(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	mine++;
}

/* Sleeps until its own 20 signals have come, one at a time. */
static void *take_signals(void *counter)
{
	sigset_t set, open;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, &open);
	sigdelset(&open, SIGUSR2);
	atomic_fetch_add(&ready, 1);
	while (mine < 20) {
		sigsuspend(&open);
		atomic_store((atomic_int *)counter, mine);
	}
	return (void *)(intptr_t)mine;
}

void signals_threads(void)
{
	static atomic_int counters[THREADS];
	pthread_t threads[THREADS];
	void *result;
	int sum = 0;

	check_section("pthread_kill");
	handle(SIGUSR2, mark, 0);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, take_signals, &counters[i]) != 0)
			check_die("pthread_create");
	while (atomic_load(&ready) < THREADS)
		sched_yield();
	for (int round = 1; round <= 20; round++) {
		for (int i = 0; i < THREADS; i++)
			wrong_thread += pthread_kill(threads[i], SIGUSR2) != 0;
		for (int i = 0; i < THREADS; i++)
			while (atomic_load(&counters[i]) < round)
				sched_yield();
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		sum += (int)(intptr_t)result;
	}
	check_show("signals taken", sum);
	CHECK(wrong_thread == 0);
	CHECK(mine == 0);
	SHOW(pthread_kill(pthread_self(), 0));
	SHOW(pthread_kill(pthread_self(), 99) == EINVAL);
	SHOW(syscall(SYS_tgkill, getpid(), 99999999, 0));
	SHOW(syscall(SYS_tgkill, getpid(), -1, 0));
}
