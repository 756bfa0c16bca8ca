/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers (getrandom(2)). */
#ifndef SYSCALLS_RANDOM_H
#define SYSCALLS_RANDOM_H

#include <syscalls/entry.h>

SYSCALL(getrandom);

#endif /* SYSCALLS_RANDOM_H */
