/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls on memory policies. */
#ifndef SYSCALLS_NUMA_H
#define SYSCALLS_NUMA_H

#include <syscalls/entry.h>

SYSCALL(get_mempolicy);
SYSCALL(set_mempolicy);
SYSCALL(mbind);
SYSCALL(set_mempolicy_home_node);
SYSCALL(move_pages);
SYSCALL(migrate_pages);

#endif /* SYSCALLS_NUMA_H */
