/* SPDX-License-Identifier: BSD-3-Clause */
/* Creation, attributes, end, keys, cancellation, once. */
#include "threads.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY 200

static atomic_int running, finished;
static atomic_int go;

static void *wait_for_go(void *argument)
{
	atomic_fetch_add(&running, 1);
	while (!atomic_load(&go))
		sched_yield();
	return argument;
}

static void *count_and_end(void *argument)
{
	atomic_fetch_add(&finished, 1);
	return argument;
}

void threads_many(void)
{
	pthread_t threads[MANY];
	pthread_attr_t detached;
	intptr_t bad = 0;

	check_section("many threads");
	for (intptr_t i = 0; i < MANY; i++)
		threads[i] = start(wait_for_go, (void *)i);
	while (atomic_load(&running) < MANY)
		sched_yield();
	check_show("alive at once", running);
	atomic_store(&go, 1);
	for (intptr_t i = 0; i < MANY; i++)
		bad += finish(threads[i]) != (void *)i;
	CHECK(bad == 0);
	for (int i = 0; i < 2000; i++) /* one after the other: stacks and tasks are used again */
		bad += finish(start(count_and_end, &bad)) != &bad;
	CHECK(bad == 0 && finished == 2000);
	finished = 0;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < MANY; i++) {
		pthread_t thread;

		bad += pthread_create(&thread, &detached, count_and_end, NULL) != 0;
	}
	while (atomic_load(&finished) < MANY - (int)bad)
		sched_yield();
	CHECK(bad == 0);
	pthread_attr_destroy(&detached);
}

static void *use_stack(void *argument)
{
	volatile char big[200 << 10];
	long sum = 0;

	for (size_t i = 0; i < sizeof(big); i += 512)
		big[i] = (char)i;
	for (size_t i = 0; i < sizeof(big); i += 512)
		sum += big[i];
	(void)argument;
	return (void *)sum;
}

static void *own_ids(void *argument)
{
	pid_t *ids = argument;

	ids[0] = getpid();
	ids[1] = (pid_t)syscall(SYS_gettid);
	return (void *)(uintptr_t)pthread_self();
}

void threads_attributes(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pid_t ids[2];
	size_t size;
	char name[16] = "";

	check_section("attributes, names, numbers");
	SHOW(pthread_attr_init(&attributes));
	SHOW(pthread_attr_setstacksize(&attributes, 256 << 10));
	SHOW(pthread_attr_setstacksize(&attributes, 100) == EINVAL);
	SHOW(pthread_attr_setguardsize(&attributes, 65536));
	SHOW(pthread_create(&thread, &attributes, use_stack, NULL));
	finish(thread);
	SHOW(pthread_attr_destroy(&attributes));
	thread = start(own_ids, ids);
	CHECK(finish(thread) == (void *)(uintptr_t)thread);
	CHECK(ids[0] == getpid());
	CHECK(ids[1] != getpid() && ids[1] > 0);
	CHECK(syscall(SYS_gettid) == getpid());
	SHOW(pthread_setname_np(pthread_self(), "a name"));
	SHOW(pthread_getname_np(pthread_self(), name, sizeof(name)));
	CHECK(strcmp(name, "a name") == 0);
	SHOW(pthread_getattr_np(pthread_self(), &attributes));
	SHOW(pthread_attr_getstacksize(&attributes, &size));
	CHECK(size >= (64u << 10));
	pthread_attr_destroy(&attributes);
	SHOW(pthread_join(pthread_self(), NULL) == EDEADLK);
}

static pthread_key_t key, second_key;
static atomic_int destroyed;

static void destroy_value(void *value)
{
	atomic_fetch_add(&destroyed, (int)(intptr_t)value);
}

/* Sets the value again, twice: the destructor is called until nothing is left. */
static void destroy_again(void *value)
{
	atomic_fetch_add(&destroyed, 1000);
	if ((intptr_t)value > 1)
		pthread_setspecific(second_key, (void *)((intptr_t)value - 1));
}

static void *use_keys(void *argument)
{
	if (pthread_getspecific(key) != NULL)
		return (void *)1;
	pthread_setspecific(key, argument);
	pthread_setspecific(second_key, (void *)3);
	pthread_exit(pthread_getspecific(key));
}

void threads_keys(void)
{
	check_section("keys with destructors");
	SHOW(pthread_key_create(&key, destroy_value));
	SHOW(pthread_key_create(&second_key, destroy_again));
	SHOW(pthread_setspecific(key, (void *)500));
	CHECK(finish(start(use_keys, (void *)7)) == (void *)7);
	CHECK(finish(start(use_keys, (void *)8)) == (void *)8);
	check_show("destroyed", destroyed);
	CHECK(pthread_getspecific(key) == (void *)500);
	SHOW(pthread_key_delete(key));
	SHOW(pthread_key_delete(second_key));
}

static int cleaned;

static void clean_up(void *argument)
{
	cleaned += *(int *)argument;
}

static void *cancel_me(void *argument)
{
	int one = 1, ten = 10;

	pthread_cleanup_push(clean_up, &one);
	pthread_cleanup_push(clean_up, &ten);
	sem_post(argument);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *cancel_disabled(void *argument)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	sem_post(argument);
	pause_ms(20);
	pthread_testcancel();
	cleaned += 100;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	pthread_testcancel();
	cleaned += 1000;
	return NULL;
}

static void *cancel_asynchronous(void *argument)
{
	int type;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
	sem_post(argument);
	for (volatile unsigned long i = 0;; i++)
		;
	return NULL;
}

static void cancel_one(const char *name, void *(*function)(void *))
{
	pthread_t thread;
	sem_t ready;

	sem_init(&ready, 0, 0);
	thread = start(function, &ready);
	while (sem_wait(&ready) != 0)
		;
	check_show(name, pthread_cancel(thread));
	CHECK(finish(thread) == PTHREAD_CANCELED);
	sem_destroy(&ready);
}

void threads_cancel(void)
{
	check_section("cancellation");
	cancel_one("cancel a waiting thread", cancel_me);
	check_show("cleaned", cleaned);
	cancel_one("cancel later", cancel_disabled);
	check_show("cleaned", cleaned);
	cancel_one("cancel a busy thread", cancel_asynchronous);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int once_calls;

static void once_function(void)
{
	pause_ms(10);
	atomic_fetch_add(&once_calls, 1);
}

static void *call_once(void *argument)
{
	(void)argument;
	pthread_once(&once, once_function);
	return (void *)(intptr_t)once_calls; /* nobody comes back before it is done */
}

void threads_once(void)
{
	pthread_t threads[8];
	int good = 0;

	check_section("once");
	for (int i = 0; i < 8; i++)
		threads[i] = start(call_once, NULL);
	for (int i = 0; i < 8; i++)
		good += finish(threads[i]) == (void *)1;
	CHECK(good == 8);
}
