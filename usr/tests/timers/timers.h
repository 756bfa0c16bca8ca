/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of the timers program (see main.c) and what they share. */
#ifndef TESTS_TIMERS_H
#define TESTS_TIMERS_H

#include "common/check.h"

#include <stdint.h>
#include <time.h>

#define MILLISECOND 1000000ll
#define SECOND	    1000000000ll

void timers_clocks(void);
void timers_sleep(void);
void timers_threads(void);
void timers_interval(void);
void timers_posix(void);
void timers_fd(void);

int64_t now_ns(clockid_t clock);
struct timespec to_timespec(int64_t ns);

#endif /* TESTS_TIMERS_H */
