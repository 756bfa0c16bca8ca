/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the threads program (see main.c) and what they share. */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include "common/check.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

void threads_many(void);
void threads_attributes(void);
void threads_keys(void);
void threads_cancel(void);
void threads_once(void);
void threads_mutex(void);
void threads_robust(void);
void threads_condition(void);
void threads_barrier(void);
void threads_rwlock(void);
void threads_semaphore(void);
void threads_spinlock(void);
void threads_futex(void);
void threads_futex_requeue(void);
void threads_scheduling(void);

pthread_t start(void *(*function)(void *), void *argument);
void *finish(pthread_t thread); /* joins; returns what the thread returned */
void pause_ms(long ms);
struct timespec after_ms(clockid_t clock, long ms);

#endif /* TESTS_THREADS_H */
