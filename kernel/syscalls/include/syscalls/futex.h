/* SPDX-License-Identifier: BSD-3-Clause */
/* The system call futex. */
#ifndef SYSCALLS_FUTEX_H
#define SYSCALLS_FUTEX_H

#include <syscalls/entry.h>

SYSCALL(futex);

#endif /* SYSCALLS_FUTEX_H */
