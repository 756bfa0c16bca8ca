/* SPDX-License-Identifier: BSD-3-Clause */
/* struct statfs for the application. */
#ifndef SYSCALLS_STATFS_H
#define SYSCALLS_STATFS_H

#include <abi/hostcall.h>
#include <lib/compiler.h>

int statfs_to_user(const struct hc_statfs *statfs, uintptr_t address);

#endif /* SYSCALLS_STATFS_H */
