/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this folder share: the form of an entry of the table, and times in the
 * application's memory. */
#ifndef SYSCALLS_ENTRY_H
#define SYSCALLS_ENTRY_H

#include <lib/compiler.h>
#include <lib/types.h>

/* Declares or starts the definition of system call NAME: sys_NAME with the six arguments a0 .. a5,
 * of which it need not use all (arch_syscall_fn). */
#define SYSCALL(name)                                                                              \
	long sys_##name(long a0 maybe_unused, long a1 maybe_unused, long a2 maybe_unused,          \
			long a3 maybe_unused, long a4 maybe_unused, long a5 maybe_unused)

/* Time in ns from the struct timespec or timeval at ADDRESS, TIME_NEVER - 1 where it is beyond what
 * 64 bits hold. 0, -EFAULT or -EINVAL. */
must_check int user_read_timespec(uintptr_t address, uint64_t *ns);
must_check int user_read_timeval(uintptr_t address, uint64_t *ns);

/* 0 or -EFAULT. */
must_check int user_write_timespec(uintptr_t address, uint64_t ns);
must_check int user_write_timeval(uintptr_t address, uint64_t ns);

/* The monotonic time that is TIMEOUT_NS from now. */
uint64_t deadline_after(uint64_t timeout_ns);

#endif /* SYSCALLS_ENTRY_H */
