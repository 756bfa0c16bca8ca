/* SPDX-License-Identifier: BSD-3-Clause */
/* Linux AIO. */
#ifndef SYSCALLS_AIO_H
#define SYSCALLS_AIO_H

#include <syscalls/entry.h>

SYSCALL(io_setup);
SYSCALL(io_destroy);
SYSCALL(io_submit);
SYSCALL(io_cancel);
SYSCALL(io_getevents);
SYSCALL(io_pgetevents);

#endif /* SYSCALLS_AIO_H */
