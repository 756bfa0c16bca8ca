/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on clocks and sleeping. */
#ifndef SYSCALLS_TIME_H
#define SYSCALLS_TIME_H

#include <syscalls/entry.h>

SYSCALL(clock_gettime);
SYSCALL(clock_getres);
SYSCALL(clock_settime);
SYSCALL(clock_nanosleep);
SYSCALL(nanosleep);
SYSCALL(gettimeofday);
SYSCALL(settimeofday);
SYSCALL(time);
SYSCALL(adjtimex);
SYSCALL(clock_adjtime);
SYSCALL(times);

#endif /* SYSCALLS_TIME_H */
