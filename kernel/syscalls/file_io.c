/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading and writing of open files: scatter and gather, positions, copies between files. */
#include <syscalls/file_io.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <file/file.h>
#include <linux/fs.h>
#include <linux/uio.h>
#include <mm/heap.h>
#include <syscalls/fd.h>

#define TRANSFER_MAX 0x7ffff000ul /* of one call, as on Linux */
#define COPY_CHUNK   (64ul << 10)
#define SEEK_MAX     SEEK_HOLE

/* Checks and takes over the COUNT segments of a struct iovec array. The total, or -errno. */
static int64_t read_vector(struct file_segment *segments, uintptr_t vector, unsigned count)
{
	size_t total = 0;

	_Static_assert(sizeof(struct iovec) == sizeof(struct file_segment), "same layout");
	if (arch_user_read(segments, vector, count * sizeof(*segments)))
		return -EFAULT;
	for (unsigned i = 0; i < count; i++) {
		if ((int64_t)segments[i].size < 0)
			return -EINVAL;
		if (!arch_user_range_ok(segments[i].address, segments[i].size))
			return -EFAULT;
		segments[i].size = MIN(segments[i].size, TRANSFER_MAX - total);
		total += segments[i].size;
	}
	return (int64_t)total;
}

int io_take_vector(struct io_buffers *b, uintptr_t vector, unsigned long count)
{
	int64_t total;

	b->io = (struct file_io){.count = (unsigned)count};
	b->more = NULL;
	if (count > UIO_MAXIOV)
		return -EINVAL;
	if (count > IO_FAST_SEGMENTS) {
		b->more = kmalloc(count * sizeof(*b->more));
		if (!b->more)
			return -ENOMEM;
	}
	b->io.segments = b->more ? b->more : b->fast;
	total = read_vector(b->more ? b->more : b->fast, vector, (unsigned)count);
	if (total < 0) {
		io_release(b);
		return (int)total;
	}
	b->io.remaining = (size_t)total;
	return 0;
}

int io_take_buffer(struct io_buffers *b, uintptr_t address, size_t size)
{
	b->fast[0] = (struct file_segment){address, MIN(size, TRANSFER_MAX)};
	b->io = (struct file_io){.segments = b->fast, .count = 1, .remaining = b->fast[0].size};
	b->more = NULL;
	return arch_user_range_ok(address, size) ? 0 : -EFAULT;
}

void io_release(struct io_buffers *b)
{
	kfree(b->more);
	b->more = NULL;
}

int io_set_flags(struct file_io *io, unsigned flags)
{
	if (flags & ~(unsigned)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	io->nowait = flags & RWF_NOWAIT;
	io->append = flags & RWF_APPEND;
	return 0;
}

int64_t io_make_durable(struct file *file, int64_t written, unsigned flags)
{
	int error = 0;

	if (written > 0 && flags & (RWF_DSYNC | RWF_SYNC) && file->ops->sync)
		error = file->ops->sync(file, !(flags & RWF_SYNC));
	return error ? error : written;
}

long io_user_vector(struct file *file, io_fn function, uintptr_t vector, unsigned long count)
{
	struct io_buffers buffers;
	long result = io_take_vector(&buffers, vector, count);

	if (result)
		return result;
	result = function(file, &buffers.io, NULL);
	io_release(&buffers);
	return result;
}

static long transfer(struct file *file, io_fn function, struct io_buffers *buffers,
		     const uint64_t *offset, unsigned flags)
{
	/* A transfer of nothing asks for no flags. */
	int64_t result = buffers->io.remaining ? io_set_flags(&buffers->io, flags) : 0;

	if (!result)
		result = function(file, &buffers->io, offset);
	return function == file_write ? io_make_durable(file, result, flags) : result;
}

/* The file at FD with a reference for the caller; NULL with *RESULT: OFFSET is negative, or there
 * is none. */
static struct file *io_file(int fd, const uint64_t *offset, long *result)
{
	struct file *file;

	if (offset && (int64_t)*offset < 0) {
		*result = -EINVAL;
		return NULL;
	}
	file = fd_get(fd);
	*result = file ? 0 : -EBADF;
	return file;
}

static long io_buffer(int fd, io_fn function, uintptr_t address, size_t size,
		      const uint64_t *offset)
{
	struct io_buffers buffers;
	long result;
	struct file *file = io_file(fd, offset, &result);

	if (!file)
		return result;
	result = io_take_buffer(&buffers, address, size);
	if (!result)
		result = function(file, &buffers.io, offset);
	file_put(file);
	return result;
}

static long io_vector(int fd, io_fn function, uintptr_t vector, unsigned long count,
		      const uint64_t *offset, unsigned flags)
{
	struct io_buffers buffers;
	long result;
	struct file *file = io_file(fd, offset, &result);

	if (!file)
		return result;
	result = io_take_vector(&buffers, vector, count);
	if (!result) {
		result = transfer(file, function, &buffers, offset, flags);
		io_release(&buffers);
	}
	file_put(file);
	return result;
}

/* read(fd, buffer, size) */
SYSCALL(read)
{
	return io_buffer((int)a0, file_read, (uintptr_t)a1, (size_t)a2, NULL);
}

/* write(fd, buffer, size) */
SYSCALL(write)
{
	return io_buffer((int)a0, file_write, (uintptr_t)a1, (size_t)a2, NULL);
}

/* pread64(fd, buffer, size, offset) */
SYSCALL(pread64)
{
	uint64_t offset = (uint64_t)a3;

	return io_buffer((int)a0, file_read, (uintptr_t)a1, (size_t)a2, &offset);
}

/* pwrite64(fd, buffer, size, offset) */
SYSCALL(pwrite64)
{
	uint64_t offset = (uint64_t)a3;

	return io_buffer((int)a0, file_write, (uintptr_t)a1, (size_t)a2, &offset);
}

/* readv(fd, vector, count) */
SYSCALL(readv)
{
	return io_vector((int)a0, file_read, (uintptr_t)a1, (unsigned long)a2, NULL, 0);
}

/* writev(fd, vector, count) */
SYSCALL(writev)
{
	return io_vector((int)a0, file_write, (uintptr_t)a1, (unsigned long)a2, NULL, 0);
}

/* preadv(fd, vector, count, offset low, high): the low part holds all 64 bits */
SYSCALL(preadv)
{
	uint64_t offset = (uint64_t)a3;

	return io_vector((int)a0, file_read, (uintptr_t)a1, (unsigned long)a2, &offset, 0);
}

SYSCALL(pwritev)
{
	uint64_t offset = (uint64_t)a3;

	return io_vector((int)a0, file_write, (uintptr_t)a1, (unsigned long)a2, &offset, 0);
}

/* preadv2(fd, vector, count, offset low, high, flags); offset -1: the file's own position */
SYSCALL(preadv2)
{
	uint64_t offset = (uint64_t)a3;

	return io_vector((int)a0, file_read, (uintptr_t)a1, (unsigned long)a2,
			 a3 == -1 ? NULL : &offset, (unsigned)a5);
}

SYSCALL(pwritev2)
{
	uint64_t offset = (uint64_t)a3;

	return io_vector((int)a0, file_write, (uintptr_t)a1, (unsigned long)a2,
			 a3 == -1 ? NULL : &offset, (unsigned)a5);
}

static long do_seek(struct file *file, const long *args)
{
	long result;

	if ((unsigned)args[1] > SEEK_MAX)
		return -EINVAL;
	if (!file->ops->seek)
		return -ESPIPE;
	mutex_lock(&file->offset_lock);
	result = file->ops->seek(file, args[0], (int)(unsigned)args[1]);
	mutex_unlock(&file->offset_lock);
	return result;
}

/* lseek(fd, offset, whence) */
SYSCALL(lseek)
{
	return fd_call((int)a0, do_seek, (const long[]){a1, a2});
}

/* Writes all SIZE bytes of BUFFER (kernel memory) to OUT. Bytes, or -errno when none was. */
static int64_t write_kernel(struct file *out, const void *buffer, size_t size,
			    const uint64_t *offset)
{
	struct file_segment segment = {(uintptr_t)buffer, size};
	struct file_io io = {.segments = &segment, .count = 1, .remaining = size, .kernel = true};

	return file_write(out, &io, offset);
}

static int64_t read_kernel(struct file *in, void *buffer, size_t size, const uint64_t *offset)
{
	struct file_segment segment = {(uintptr_t)buffer, size};
	struct file_io io = {.segments = &segment, .count = 1, .remaining = size, .kernel = true};

	return file_read(in, &io, offset);
}

/* Takes back the last SIZE bytes of what was read at IN's own position. */
static void unread(struct file *in, int64_t size)
{
	if (!size || !in->ops->seek)
		return;
	mutex_lock(&in->offset_lock);
	(void)in->ops->seek(in, -size, SEEK_CUR);
	mutex_unlock(&in->offset_lock);
}

/*
 * Copies up to SIZE bytes from IN to OUT through BUFFER. IN_OFFSET and OUT_OFFSET: positions that
 * move, or NULL for the files' own. What was read but not written stays to be read.
 */
static int64_t copy(struct file *in, uint64_t *in_offset, struct file *out, uint64_t *out_offset,
		    size_t size, uint8_t *buffer)
{
	int64_t done = 0;

	while ((size_t)done < size) {
		size_t wanted = MIN(size - (size_t)done, COPY_CHUNK);
		int64_t got = read_kernel(in, buffer, wanted, in_offset), put;

		if (got <= 0)
			return done ? done : got;
		put = write_kernel(out, buffer, (size_t)got, out_offset);
		if (!in_offset)
			unread(in, got - MAX(put, 0l));
		if (put <= 0)
			return done ? done : put;
		done += put;
		if (in_offset)
			*in_offset += (uint64_t)put;
		if (out_offset)
			*out_offset += (uint64_t)put;
		if (put < got)
			break;
	}
	return done;
}

/* sendfile copies from what has a position, and not to the end of a file that may grow. */
static int check_sendfile(struct file *in, struct file *out)
{
	if (in->kind & (FILE_STREAM | FILE_DIRECTORY) || file_appending(out))
		return -EINVAL;
	return 0;
}

static int check_copy_range(struct file *in, struct file *out)
{
	if ((in->kind | out->kind) & FILE_DIRECTORY)
		return -EISDIR;
	if ((in->kind | out->kind) & FILE_STREAM)
		return -EINVAL;
	return file_appending(out) ? -EBADF : 0;
}

static int64_t copy_files(int in_fd, uint64_t *in_offset, int out_fd, uint64_t *out_offset,
			  size_t size, int (*check)(struct file *in, struct file *out))
{
	struct file *in = fd_get(in_fd), *out = fd_get(out_fd);
	uint8_t *buffer = kmalloc(COPY_CHUNK);
	int64_t result;

	if (!buffer)
		result = -ENOMEM;
	else if (!in || !out || !file_readable(in) || !file_writable(out))
		result = -EBADF;
	else
		result = check(in, out);
	if (!result)
		result = copy(in, in_offset, out, out_offset, MIN(size, TRANSFER_MAX), buffer);
	kfree(buffer);
	if (in)
		file_put(in);
	if (out)
		file_put(out);
	return result;
}

static int read_offset(uintptr_t address, uint64_t *offset)
{
	if (!address)
		return 0;
	if (arch_user_read(offset, address, sizeof(*offset)))
		return -EFAULT;
	return (int64_t)*offset < 0 ? -EINVAL : 0;
}

/* sendfile(out, in, offset pointer, size) */
SYSCALL(sendfile)
{
	uint64_t offset = 0;
	int error = read_offset((uintptr_t)a2, &offset);
	int64_t result;

	if (error)
		return error;
	result =
		copy_files((int)a1, a2 ? &offset : NULL, (int)a0, NULL, (size_t)a3, check_sendfile);
	if (result >= 0 && a2 && arch_user_write((uintptr_t)a2, &offset, sizeof(offset)))
		return -EFAULT;
	return result;
}

/* copy_file_range(in, in offset pointer, out, out offset pointer, size, flags) */
SYSCALL(copy_file_range)
{
	uint64_t in_offset = 0, out_offset = 0;
	int error = a5 ? -EINVAL : read_offset((uintptr_t)a1, &in_offset);
	int64_t result;

	if (!error)
		error = read_offset((uintptr_t)a3, &out_offset);
	if (error)
		return error;
	result = copy_files((int)a0, a1 ? &in_offset : NULL, (int)a2, a3 ? &out_offset : NULL,
			    (size_t)a4, check_copy_range);
	if (result < 0)
		return result;
	if ((a1 && arch_user_write((uintptr_t)a1, &in_offset, sizeof(in_offset))) ||
	    (a3 && arch_user_write((uintptr_t)a3, &out_offset, sizeof(out_offset))))
		return -EFAULT;
	return result;
}
