/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls that make descriptors of files without a name. */
#ifndef SYSCALLS_EVENT_H
#define SYSCALLS_EVENT_H

#include <syscalls/entry.h>

SYSCALL(pipe);
SYSCALL(pipe2);
SYSCALL(eventfd);
SYSCALL(eventfd2);
SYSCALL(timerfd_create);
SYSCALL(timerfd_settime);
SYSCALL(timerfd_gettime);
SYSCALL(signalfd);
SYSCALL(signalfd4);
SYSCALL(memfd_create);

#endif /* SYSCALLS_EVENT_H */
