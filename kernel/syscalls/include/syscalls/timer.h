/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on timers that send signals. */
#ifndef SYSCALLS_TIMER_H
#define SYSCALLS_TIMER_H

#include <sched/posix_timer.h>
#include <syscalls/entry.h>

SYSCALL(alarm);
SYSCALL(setitimer);
SYSCALL(getitimer);
SYSCALL(timer_create);
SYSCALL(timer_settime);
SYSCALL(timer_gettime);
SYSCALL(timer_getoverrun);
SYSCALL(timer_delete);

/* Whose CPU time clock id CLOCK (< 0) counts: 0 or -EINVAL. */
must_check int cpu_clock_of(int clock, tid_t *tid, enum posix_clock *kind);

#endif /* SYSCALLS_TIMER_H */
