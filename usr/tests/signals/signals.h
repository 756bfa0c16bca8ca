/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the signals program (see main.c) and what they share. */
#ifndef TESTS_SIGNALS_H
#define TESTS_SIGNALS_H

#include "common/check.h"

#include <pthread.h>
#include <signal.h>

void signals_handlers(void);
void signals_masks(void);
void signals_queue(void);
void signals_wait(void);
void signals_restart(void);
void signals_stack(void);
void signals_faults(void);
void signals_context(void);
void signals_floating_point(void);
void signals_threads(void);

/* Installs a handler with SA_SIGINFO and these flags. */
void handle(int number, void (*handler)(int, siginfo_t *, void *), int flags);

/* Sends the process a signal after 20 ms, from another thread that has all signals blocked. */
pthread_t send_later(int number);

#endif /* TESTS_SIGNALS_H */
