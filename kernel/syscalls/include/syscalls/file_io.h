/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading, writing and attributes of open files. */
#ifndef SYSCALLS_FILE_IO_H
#define SYSCALLS_FILE_IO_H

#include <file/file.h>
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
SYSCALL(splice);
SYSCALL(tee);
SYSCALL(vmsplice);

typedef int64_t (*io_fn)(struct file *file, struct file_io *io, const uint64_t *offset);

/* Calls FUNCTION with FILE, the COUNT buffers of the application's struct iovec array at VECTOR,
 * and OFFSET. Its result, or -EINVAL, -EFAULT, -ENOMEM. */
long io_user_vector(struct file *file, io_fn function, uintptr_t vector, unsigned long count,
		    const uint64_t *offset);

#endif /* SYSCALLS_FILE_IO_H */
