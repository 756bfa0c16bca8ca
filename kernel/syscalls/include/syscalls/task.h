/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on threads and the process. */
#ifndef SYSCALLS_TASK_H
#define SYSCALLS_TASK_H

#include <syscalls/entry.h>

SYSCALL(clone);
SYSCALL(clone3);
SYSCALL(exit);
SYSCALL(exit_group);
SYSCALL(set_tid_address);
SYSCALL(set_robust_list);
SYSCALL(get_robust_list);
SYSCALL(gettid);
SYSCALL(getpid);
SYSCALL(getppid);
SYSCALL(getpgrp);
SYSCALL(getpgid);
SYSCALL(setpgid);
SYSCALL(getsid);
SYSCALL(setsid);
SYSCALL(wait4);
SYSCALL(waitid);
SYSCALL(getcpu);
SYSCALL(arch_prctl);
SYSCALL(prctl);
SYSCALL(membarrier);
SYSCALL(process_vm_readv);
SYSCALL(process_vm_writev);

#endif /* SYSCALLS_TASK_H */
