/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * threads: proves that glibc's threads and what they are built of (clone, futex, robust lists,
 * scheduling calls) work as on Linux: creation and end, every kind of lock, conditions,
 * cancellation, bare futexes.
 */
#include "threads.h"

#include <errno.h>

pthread_t start(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, function, argument);
	if (errno != 0)
		check_die("pthread_create");
	return thread;
}

void *finish(pthread_t thread)
{
	void *result;

	errno = pthread_join(thread, &result);
	if (errno != 0)
		check_die("pthread_join");
	return result;
}

void pause_ms(long ms)
{
	struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

struct timespec after_ms(clockid_t clock, long ms)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_sec += ms / 1000;
	time.tv_nsec += ms % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_nsec -= 1000000000;
		time.tv_sec++;
	}
	return time;
}

int main(void)
{
	threads_many();
	threads_attributes();
	threads_keys();
	threads_cancel();
	threads_once();
	threads_mutex();
	threads_robust();
	threads_condition();
	threads_barrier();
	threads_rwlock();
	threads_semaphore();
	threads_spinlock();
	threads_futex();
	threads_futex_requeue();
	threads_scheduling();
	return check_done();
}
