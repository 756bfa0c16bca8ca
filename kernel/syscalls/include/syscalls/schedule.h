/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on scheduling: policies, priorities, affinity. */
#ifndef SYSCALLS_SCHEDULE_H
#define SYSCALLS_SCHEDULE_H

#include <syscalls/entry.h>

SYSCALL(sched_yield);
SYSCALL(sched_getaffinity);
SYSCALL(sched_setaffinity);
SYSCALL(sched_getscheduler);
SYSCALL(sched_setscheduler);
SYSCALL(sched_getparam);
SYSCALL(sched_setparam);
SYSCALL(sched_getattr);
SYSCALL(sched_setattr);
SYSCALL(sched_get_priority_min);
SYSCALL(sched_get_priority_max);
SYSCALL(sched_rr_get_interval);
SYSCALL(getpriority);
SYSCALL(setpriority);

#endif /* SYSCALLS_SCHEDULE_H */
