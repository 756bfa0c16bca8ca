/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors, and operations on the file behind one. */
#ifndef SYSCALLS_FD_H
#define SYSCALLS_FD_H

#include <syscalls/entry.h>

struct file;
struct hc_stat;

SYSCALL(close);
SYSCALL(close_range);
SYSCALL(dup);
SYSCALL(dup2);
SYSCALL(dup3);
SYSCALL(fcntl);
SYSCALL(ioctl);
SYSCALL(fstat);
SYSCALL(fsync);
SYSCALL(fdatasync);
SYSCALL(ftruncate);
SYSCALL(fallocate);
SYSCALL(fadvise64);
SYSCALL(readahead);
SYSCALL(sync_file_range);
SYSCALL(flock);
SYSCALL(fchmod);
SYSCALL(fchown);
SYSCALL(fstatfs);
SYSCALL(getdents64);
SYSCALL(getdents);

/*
 * What a call does with the file behind a descriptor; ARGS are the arguments of its own. fd_call
 * calls FUNCTION unless FD is not open or was opened with O_PATH (-EBADF), fd_call_path with the
 * latter, too.
 */
typedef long (*fd_fn)(struct file *file, const long *args);
long fd_call(int fd, fd_fn function, const long *args);
long fd_call_path(int fd, fd_fn function, const long *args);

/* fchownat(2) of a descriptor itself. */
long chown_of_fd(int fd, long uid, long gid);

/* What a file without an own stat operation shows, and the structures for the application. */
int file_stat_of(struct file *file, struct hc_stat *stat);
int stat_to_user(const struct hc_stat *stat, uintptr_t address);

#endif /* SYSCALLS_FD_H */
