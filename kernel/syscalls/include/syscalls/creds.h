/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on user and group ids and capabilities. */
#ifndef SYSCALLS_CREDS_H
#define SYSCALLS_CREDS_H

#include <syscalls/entry.h>

SYSCALL(getuid);
SYSCALL(geteuid);
SYSCALL(getgid);
SYSCALL(getegid);
SYSCALL(setuid);
SYSCALL(setgid);
SYSCALL(setreuid);
SYSCALL(setregid);
SYSCALL(setresuid);
SYSCALL(setresgid);
SYSCALL(getresuid);
SYSCALL(getresgid);
SYSCALL(setfsuid);
SYSCALL(setfsgid);
SYSCALL(getgroups);
SYSCALL(setgroups);
SYSCALL(capget);
SYSCALL(capset);

#endif /* SYSCALLS_CREDS_H */
