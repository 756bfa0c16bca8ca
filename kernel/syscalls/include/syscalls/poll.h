/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting for descriptors. */
#ifndef SYSCALLS_POLL_H
#define SYSCALLS_POLL_H

#include <syscalls/entry.h>

SYSCALL(poll);
SYSCALL(ppoll);
SYSCALL(select);
SYSCALL(pselect6);
SYSCALL(epoll_create);
SYSCALL(epoll_create1);
SYSCALL(epoll_ctl);
SYSCALL(epoll_wait);
SYSCALL(epoll_pwait);
SYSCALL(epoll_pwait2);

/* Until the call's end MASK (SIZE bytes at ADDRESS, 0: none) is the thread's signal mask. 0 or
 * -errno. */
must_check int poll_mask_begin(uintptr_t address, size_t size);
/* The same for a pair of MASK's address and its size at ADDRESS (0: none), as pselect6(2) has it;
 * *MASK: what poll_mask_end wants. */
must_check int poll_mask_begin_pair(uintptr_t address, uintptr_t *mask);
/* Undoes it, unless the call was interrupted (then the handler runs with it). RESULT: the call's.
 */
long poll_mask_end(uintptr_t address, long result);

#endif /* SYSCALLS_POLL_H */
