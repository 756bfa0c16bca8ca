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

/* The buffers of a call, checked and taken over from the application. */
#define IO_FAST_SEGMENTS 8u /* need no memory from the heap */
struct io_buffers {
	struct file_io io;
	struct file_segment fast[IO_FAST_SEGMENTS];
	struct file_segment *more;
};

/* COUNT buffers of a struct iovec array at VECTOR: 0 (then io_release follows), -EINVAL, -EFAULT or
 * -ENOMEM. */
must_check int io_take_vector(struct io_buffers *buffers, uintptr_t vector, unsigned long count);
void io_release(struct io_buffers *buffers);
/* One buffer, which needs no release: 0 or -EFAULT. */
must_check int io_take_buffer(struct io_buffers *buffers, uintptr_t address, size_t size);
/* What RWF_* of preadv2(2) say. 0 or -EOPNOTSUPP. */
must_check int io_set_flags(struct file_io *io, unsigned flags);
/* RWF_DSYNC, RWF_SYNC: the WRITTEN bytes have to last. WRITTEN, or what went wrong. */
int64_t io_make_durable(struct file *file, int64_t written, unsigned flags);

/* Calls FUNCTION with FILE and the buffers at VECTOR. Its result, or an error as above. */
long io_user_vector(struct file *file, io_fn function, uintptr_t vector, unsigned long count);

#endif /* SYSCALLS_FILE_IO_H */
