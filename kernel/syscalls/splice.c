/* SPDX-License-Identifier: BSD-3-Clause */
/* splice(2), tee(2), vmsplice(2): checks and order of errors. */
#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <file/file.h>
#include <file/poll.h>
#include <fs/special.h>
#include <linux/uio.h>
#include <syscalls/file_io.h>

#define SPLICE_NONBLOCK 2u
#define SPLICE_FLAGS	15u /* MOVE, NONBLOCK, MORE, GIFT */
#define TRANSFER_MAX	0x7ffff000ul

/* One end of a splice: its file, and the position that the application gave, or none. */
struct splice_end {
	struct file *file;
	uintptr_t user; /* where the position is, or 0 */
	uint64_t offset;
};

static int read_position(struct splice_end *end)
{
	if (!end->user)
		return 0;
	if (end->file->kind & FILE_STREAM)
		return -ESPIPE;
	if (arch_user_read(&end->offset, end->user, sizeof(end->offset)))
		return -EFAULT;
	return (int64_t)end->offset < 0 ? -EINVAL : 0;
}

static int write_position(struct splice_end *end, int64_t moved)
{
	end->offset += (uint64_t)moved;
	return end->user && moved > 0
		       ? arch_user_write(end->user, &end->offset, sizeof(end->offset))
		       : 0;
}

static const uint64_t *position_of(const struct splice_end *end)
{
	return end->user ? &end->offset : NULL;
}

static int64_t splice_ends(struct splice_end *in, struct splice_end *out, size_t size, bool nowait)
{
	bool from_pipe = file_is_pipe(in->file), to_pipe = file_is_pipe(out->file);
	int error = read_position(in);
	int64_t result;

	if (!error)
		error = read_position(out);
	if (error)
		return error;
	if (from_pipe && to_pipe)
		return splice_pipes(in->file, out->file, size, false, nowait);
	if (from_pipe && file_appending(out->file))
		return -EINVAL;
	if (from_pipe)
		result = splice_from_pipe(in->file, out->file, position_of(out), size, nowait);
	else if (to_pipe && !(in->file->kind & FILE_DIRECTORY))
		result = splice_to_pipe(in->file, position_of(in), out->file, size, nowait);
	else
		return -EINVAL;
	error = write_position(from_pipe ? out : in, result);
	return error ? error : result;
}

/* Gets both files and calls what MOVE says. */
static int64_t with_files(struct splice_end *in, int in_fd, struct splice_end *out, int out_fd,
			  size_t size, unsigned flags,
			  int64_t (*move)(struct splice_end *in, struct splice_end *out,
					  size_t size, bool nowait))
{
	int64_t result;

	in->file = fd_get(in_fd);
	out->file = fd_get(out_fd);
	if (!in->file || !out->file || !file_readable(in->file) || !file_writable(out->file))
		result = -EBADF;
	else
		result = move(in, out, MIN(size, TRANSFER_MAX), flags & SPLICE_NONBLOCK);
	if (in->file)
		file_put(in->file);
	if (out->file)
		file_put(out->file);
	return result;
}

/* splice(in, in offset pointer, out, out offset pointer, size, flags) */
SYSCALL(splice)
{
	struct splice_end in = {.user = (uintptr_t)a1}, out = {.user = (uintptr_t)a3};

	if (!a4)
		return 0;
	if ((unsigned)a5 & ~SPLICE_FLAGS)
		return -EINVAL;
	return with_files(&in, (int)a0, &out, (int)a2, (size_t)a4, (unsigned)a5, splice_ends);
}

static int64_t tee_ends(struct splice_end *in, struct splice_end *out, size_t size, bool nowait)
{
	if (!file_is_pipe(in->file) || !file_is_pipe(out->file))
		return -EINVAL;
	return splice_pipes(in->file, out->file, size, true, nowait);
}

/* tee(in, out, size, flags) */
SYSCALL(tee)
{
	struct splice_end in = {0}, out = {0};

	if ((unsigned)a3 & ~SPLICE_FLAGS)
		return -EINVAL;
	if (!a2)
		return 0;
	return with_files(&in, (int)a0, &out, (int)a1, (size_t)a2, (unsigned)a3, tee_ends);
}

static int64_t buffers_in(struct file *file, struct file_io *io, const uint64_t *offset)
{
	(void)offset;
	return splice_buffers(io, file, false);
}

static int64_t buffers_in_nowait(struct file *file, struct file_io *io, const uint64_t *offset)
{
	(void)offset;
	return splice_buffers(io, file, true);
}

static int64_t read_nowait(struct file *file, struct file_io *io, const uint64_t *offset)
{
	return poll_file(file, POLLIN) ? file_read(file, io, offset) : -EAGAIN;
}

/* vmsplice(fd, vector, count, flags): a read of the vector, or a write of what fits */
SYSCALL(vmsplice)
{
	bool nowait = (unsigned)a3 & SPLICE_NONBLOCK;
	struct file *file;
	io_fn function;
	long result;

	if ((unsigned)a3 & ~SPLICE_FLAGS)
		return -EINVAL;
	file = fd_get((int)a0);
	if (!file)
		return -EBADF;
	if (file_writable(file))
		function = nowait ? buffers_in_nowait : buffers_in;
	else
		function = nowait ? read_nowait : file_read;
	if (!file_is_pipe(file))
		result = -EBADF;
	else
		result = io_user_vector(file, function, (uintptr_t)a1, (unsigned long)a2);
	file_put(file);
	return result;
}
