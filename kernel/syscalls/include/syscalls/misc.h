/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on the machine and the process's accounts. */
#ifndef SYSCALLS_MISC_H
#define SYSCALLS_MISC_H

#include <syscalls/entry.h>

SYSCALL(uname);
SYSCALL(sysinfo);
SYSCALL(getrlimit);
SYSCALL(setrlimit);
SYSCALL(prlimit64);
SYSCALL(getrusage);
SYSCALL(personality);
SYSCALL(sethostname);
SYSCALL(setdomainname);
SYSCALL(syslog);
SYSCALL(checkpoint); /* hermit/checkpoint.h */

#endif /* SYSCALLS_MISC_H */
