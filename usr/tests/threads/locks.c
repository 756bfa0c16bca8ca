/* SPDX-License-Identifier: BSD-3-Clause */
/* Mutexes of all kinds, robust ones, rwlocks, spinlocks, semaphores. */
#include "threads.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 6
#define ROUNDS	5000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_spinlock_t spinlock;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static long counter, shadow;

/* The two counters differ only inside: whoever sees a difference was let in by mistake. */
static intptr_t critical(int round)
{
	intptr_t torn = counter != shadow;

	counter++;
	if (round % 64 == 0)
		sched_yield();
	shadow++;
	return torn;
}

static void *lock_mutex(void *argument)
{
	intptr_t torn = 0;

	(void)argument;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		torn += critical(i);
		pthread_mutex_unlock(&mutex);
	}
	return (void *)torn;
}

static void *lock_spinlock(void *argument)
{
	intptr_t torn = 0;

	(void)argument;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_spin_lock(&spinlock);
		torn += critical(1);
		pthread_spin_unlock(&spinlock);
	}
	return (void *)torn;
}

static void *lock_rwlock(void *argument)
{
	intptr_t torn = 0;

	for (int i = 0; i < ROUNDS; i++) {
		if ((intptr_t)argument % 2 == 0) {
			pthread_rwlock_rdlock(&rwlock);
			torn += counter != shadow;
		} else {
			pthread_rwlock_wrlock(&rwlock);
			torn += critical(i);
		}
		pthread_rwlock_unlock(&rwlock);
	}
	return (void *)torn;
}

static void *lock_semaphore(void *argument)
{
	intptr_t torn = 0;

	(void)argument;
	for (int i = 0; i < ROUNDS; i++) {
		while (sem_wait(&semaphore) != 0)
			;
		torn += critical(i);
		sem_post(&semaphore);
	}
	return (void *)torn;
}

static void contend(const char *name, void *(*function)(void *))
{
	pthread_t threads[THREADS];
	intptr_t torn = 0;

	counter = shadow = 0;
	for (intptr_t i = 0; i < THREADS; i++)
		threads[i] = start(function, (void *)i);
	for (int i = 0; i < THREADS; i++)
		torn += (intptr_t)finish(threads[i]);
	check_show(name, counter);
	CHECK(torn == 0);
}

static void *try_lock(void *other)
{
	return (void *)(intptr_t)pthread_mutex_trylock(other);
}

static void *timed_lock(void *other)
{
	struct timespec until = after_ms(CLOCK_REALTIME, 30);

	return (void *)(intptr_t)pthread_mutex_timedlock(other, &until);
}

static void *unlock(void *other)
{
	return (void *)(intptr_t)pthread_mutex_unlock(other);
}

static void mutex_kind(const char *name, int kind, int protocol)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t other;

	printf("%s\n", name);
	pthread_mutexattr_init(&attributes);
	SHOW(pthread_mutexattr_settype(&attributes, kind));
	SHOW(pthread_mutexattr_setprotocol(&attributes, protocol));
	SHOW(pthread_mutex_init(&other, &attributes));
	SHOW(pthread_mutex_lock(&other));
	if (kind != PTHREAD_MUTEX_NORMAL)
		printf("lock again: %s\n", check_errno_name(pthread_mutex_lock(&other)));
	printf("try in another thread: %s\n",
	       check_errno_name((int)(intptr_t)finish(start(try_lock, &other))));
	printf("wait 30 ms in another thread: %s\n",
	       check_errno_name((int)(intptr_t)finish(start(timed_lock, &other))));
	if (kind != PTHREAD_MUTEX_NORMAL)
		printf("unlock in another thread: %s\n",
		       check_errno_name((int)(intptr_t)finish(start(unlock, &other))));
	SHOW(pthread_mutex_unlock(&other));
	if (kind == PTHREAD_MUTEX_RECURSIVE)
		SHOW(pthread_mutex_unlock(&other));
	if (kind != PTHREAD_MUTEX_NORMAL)
		printf("unlock again: %s\n", check_errno_name(pthread_mutex_unlock(&other)));
	SHOW(pthread_mutex_destroy(&other));
	pthread_mutexattr_destroy(&attributes);
}

void threads_mutex(void)
{
	check_section("mutexes");
	contend("mutex", lock_mutex);
	mutex_kind("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE);
	mutex_kind("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE);
	mutex_kind("error checking", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE);
}

/* Ends with the lock held. */
static void *die_with(void *other)
{
	pthread_mutex_lock(other);
	return NULL;
}

void threads_robust(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutex_t other;

	check_section("robust mutexes");
	pthread_mutexattr_init(&attributes);
	SHOW(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	SHOW(pthread_mutex_init(&other, &attributes));
	finish(start(die_with, &other));
	printf("the owner died: %s\n", check_errno_name(pthread_mutex_lock(&other)));
	SHOW(pthread_mutex_consistent(&other));
	SHOW(pthread_mutex_unlock(&other));
	SHOW(pthread_mutex_lock(&other));
	SHOW(pthread_mutex_unlock(&other));
	finish(start(die_with, &other));
	printf("the owner died: %s\n", check_errno_name(pthread_mutex_lock(&other)));
	SHOW(pthread_mutex_unlock(&other));
	printf("nobody made it consistent: %s\n", check_errno_name(pthread_mutex_lock(&other)));
	SHOW(pthread_mutex_destroy(&other));
	pthread_mutexattr_destroy(&attributes);
}

void threads_rwlock(void)
{
	struct timespec until;

	check_section("rwlocks");
	contend("rwlock", lock_rwlock);
	SHOW(pthread_rwlock_rdlock(&rwlock));
	SHOW(pthread_rwlock_tryrdlock(&rwlock));
	SHOW(pthread_rwlock_trywrlock(&rwlock) == EBUSY);
	until = after_ms(CLOCK_REALTIME, 30);
	SHOW(pthread_rwlock_timedwrlock(&rwlock, &until) == ETIMEDOUT);
	SHOW(pthread_rwlock_unlock(&rwlock));
	SHOW(pthread_rwlock_unlock(&rwlock));
	SHOW(pthread_rwlock_trywrlock(&rwlock));
	SHOW(pthread_rwlock_tryrdlock(&rwlock) == EBUSY);
	SHOW(pthread_rwlock_unlock(&rwlock));
}

void threads_semaphore(void)
{
	struct timespec until;
	int value;

	check_section("semaphores");
	SHOW(sem_init(&semaphore, 0, 1));
	contend("semaphore", lock_semaphore);
	SHOW(sem_getvalue(&semaphore, &value));
	SHOW(value);
	SHOW(sem_trywait(&semaphore));
	SHOW(sem_trywait(&semaphore));
	until = after_ms(CLOCK_REALTIME, 30);
	SHOW(sem_timedwait(&semaphore, &until));
	until = after_ms(CLOCK_MONOTONIC, 30);
	SHOW(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until));
	SHOW(sem_post(&semaphore));
	SHOW(sem_timedwait(&semaphore, &until)); /* free: the time does not matter */
	SHOW(sem_destroy(&semaphore));
}

void threads_spinlock(void)
{
	check_section("spinlocks");
	SHOW(pthread_spin_init(&spinlock, PTHREAD_PROCESS_PRIVATE));
	contend("spinlock", lock_spinlock);
	SHOW(pthread_spin_lock(&spinlock));
	SHOW(pthread_spin_trylock(&spinlock) == EBUSY);
	SHOW(pthread_spin_unlock(&spinlock));
}
