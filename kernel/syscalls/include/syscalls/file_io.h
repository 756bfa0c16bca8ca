/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading, writing and attributes of open files. */
#ifndef SYSCALLS_FILE_IO_H
#define SYSCALLS_FILE_IO_H

#include <syscalls/entry.h>

SYSCALL(read);
SYSCALL(write);
SYSCALL(pread64);
SYSCALL(pwrite64);
SYSCALL(readv);
SYSCALL(writev);
SYSCALL(preadv);
SYSCALL(pwritev);
SYSCALL(preadv2);
SYSCALL(pwritev2);
SYSCALL(lseek);
SYSCALL(sendfile);
SYSCALL(copy_file_range);

#endif /* SYSCALLS_FILE_IO_H */
