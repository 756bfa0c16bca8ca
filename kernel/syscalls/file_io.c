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

#define TRANSFER_MAX 0x7ffff000ul /* of one call, as on Linux */
#define VECTOR_FAST  8u		  /* segments that need no memory from the heap */
#define COPY_CHUNK   (64ul << 10)
#define SEEK_MAX     SEEK_HOLE

static long io_buffer(int fd, io_fn function, uintptr_t address, size_t size,
		      const uint64_t *offset)
{
	struct file_segment segment = {address, MIN(size, TRANSFER_MAX)};
	struct file_io io = {.segments = &segment, .count = 1, .remaining = segment.size};
	struct file *file;
	long result;

	if (offset && (int64_t)*offset < 0)
		return -EINVAL;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	if (arch_user_range_ok(address, size))
		result = function(file, &io, offset);
	else
		result = -EFAULT;
	file_put(file);
	return result;
}

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

long io_user_vector(struct file *file, io_fn function, uintptr_t vector, unsigned long count,
		    const uint64_t *offset)
{
	struct file_segment fast[VECTOR_FAST], *segments = fast;
	struct file_io io = {.count = (unsigned)count};
	int64_t total;

	if (count > UIO_MAXIOV)
		return -EINVAL;
	if (count > VECTOR_FAST) {
		segments = kmalloc(count * sizeof(*segments));
		if (!segments)
			return -ENOMEM;
	}
	total = read_vector(segments, vector, (unsigned)count);
	if (total >= 0) {
		io.segments = segments;
		io.remaining = (size_t)total;
		total = function(file, &io, offset);
	}
	if (segments != fast)
		kfree(segments);
	return total;
}

static long io_vector(int fd, io_fn function, uintptr_t vector, unsigned long count,
		      const uint64_t *offset)
{
	struct file *file;
	long result;

	if (offset && (int64_t)*offset < 0)
		return -EINVAL;
	file = fd_get(fd);
	if (!file)
		return -EBADF;
	result = io_user_vector(file, function, vector, count, offset);
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
	return io_vector((int)a0, file_read, (uintptr_t)a1, (unsigned long)a2, NULL);
}

/* writev(fd, vector, count) */
SYSCALL(writev)
{
	return io_vector((int)a0, file_write, (uintptr_t)a1, (unsigned long)a2, NULL);
}

/* preadv(fd, vector, count, offset low, high): the low part holds all 64 bits */
SYSCALL(preadv)
{
	uint64_t offset = (uint64_t)a3;

	return io_vector((int)a0, file_read, (uintptr_t)a1, (unsigned long)a2, &offset);
}

SYSCALL(pwritev)
{
	uint64_t offset = (uint64_t)a3;

	return io_vector((int)a0, file_write, (uintptr_t)a1, (unsigned long)a2, &offset);
}

#define RWF_KNOWN (RWF_HIPRI | RWF_DSYNC | RWF_SYNC)

/* What was written to FD has to last before the call returns. */
static long make_durable(int fd, long written, unsigned flags)
{
	struct file *file = written > 0 && flags & (RWF_DSYNC | RWF_SYNC) ? fd_get(fd) : NULL;
	int error = 0;

	if (!file)
		return written;
	if (file->ops->sync)
		error = file->ops->sync(file, !(flags & RWF_SYNC));
	file_put(file);
	return error ? error : written;
}

/* preadv2(fd, vector, count, offset low, high, flags); offset -1: the file's own position */
SYSCALL(preadv2)
{
	uint64_t offset = (uint64_t)a3;

	if ((unsigned)a5 & ~(unsigned)RWF_KNOWN)
		return -EOPNOTSUPP;
	return io_vector((int)a0, file_read, (uintptr_t)a1, (unsigned long)a2,
			 a3 == -1 ? NULL : &offset);
}

SYSCALL(pwritev2)
{
	uint64_t offset = (uint64_t)a3;
	long result;

	if ((unsigned)a5 & ~(unsigned)RWF_KNOWN)
		return -EOPNOTSUPP;
	result = io_vector((int)a0, file_write, (uintptr_t)a1, (unsigned long)a2,
			   a3 == -1 ? NULL : &offset);
	return make_durable((int)a0, result, (unsigned)a5);
}

/* lseek(fd, offset, whence) */
SYSCALL(lseek)
{
	struct file *file = fd_get((int)a0);
	int64_t result;

	if (!file)
		return -EBADF;
	if (file->kind & FILE_PATH_ONLY) {
		result = -EBADF;
	} else if ((unsigned)a2 > SEEK_MAX) {
		result = -EINVAL;
	} else if (!file->ops->seek) {
		result = -ESPIPE;
	} else {
		mutex_lock(&file->offset_lock);
		result = file->ops->seek(file, a1, (int)(unsigned)a2);
		mutex_unlock(&file->offset_lock);
	}
	file_put(file);
	return result;
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

static bool open_for(struct file *file, unsigned not_mode)
{
	unsigned flags = atomic_load(&file->flags);

	return (flags & O_ACCMODE) != not_mode && !(file->kind & FILE_PATH_ONLY);
}

/* sendfile copies from what has a position, and not to the end of a file that may grow. */
static int check_sendfile(struct file *in, struct file *out)
{
	if (in->kind & (FILE_STREAM | FILE_DIRECTORY) || atomic_load(&out->flags) & O_APPEND)
		return -EINVAL;
	return 0;
}

static int check_copy_range(struct file *in, struct file *out)
{
	if ((in->kind | out->kind) & FILE_DIRECTORY)
		return -EISDIR;
	if ((in->kind | out->kind) & FILE_STREAM)
		return -EINVAL;
	return atomic_load(&out->flags) & O_APPEND ? -EBADF : 0;
}

static int64_t copy_files(int in_fd, uint64_t *in_offset, int out_fd, uint64_t *out_offset,
			  size_t size, int (*check)(struct file *in, struct file *out))
{
	struct file *in = fd_get(in_fd), *out = fd_get(out_fd);
	uint8_t *buffer = kmalloc(COPY_CHUNK);
	int64_t result;

	if (!buffer)
		result = -ENOMEM;
	else if (!in || !out || !open_for(in, O_WRONLY) || !open_for(out, O_RDONLY))
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
