/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on signals. */
#ifndef SYSCALLS_SIGNAL_H
#define SYSCALLS_SIGNAL_H

#include <syscalls/entry.h>

SYSCALL(rt_sigaction);
SYSCALL(rt_sigprocmask);
SYSCALL(rt_sigpending);
SYSCALL(rt_sigsuspend);
SYSCALL(rt_sigtimedwait);
SYSCALL(rt_sigqueueinfo);
SYSCALL(rt_tgsigqueueinfo);
SYSCALL(rt_sigreturn);
SYSCALL(kill);
SYSCALL(tkill);
SYSCALL(tgkill);
SYSCALL(sigaltstack);
SYSCALL(pause);
SYSCALL(restart_syscall);

#endif /* SYSCALLS_SIGNAL_H */
