/* SPDX-License-Identifier: BSD-3-Clause */
/* Open files of the host: everything but moving data and waiting. */
#include "hostfs.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <asm/termios.h>
#include <lib/string.h>
#include <linux/fs.h>
#include <mm/heap.h>

#include "pagecache.h"

int64_t hostfs_call_handle(struct file *file, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct host_call call = {
		.op = (uint16_t)op,
		.handle = host_file_of(file)->handle,
		.arg = {a0, a1, a2},
	};

	return host_call(&call);
}

static int simple(struct file *file, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2)
{
	int64_t result = hostfs_call_handle(file, op, a0, a1, a2);

	return result > 0 ? 0 : (int)result;
}

int hostfs_fstat(struct file *file, file_stat_t *stat)
{
	struct host_call call = {
		.op = HC_FSTAT,
		.handle = host_file_of(file)->handle,
		.in = stat,
		.in_capacity = sizeof(*stat),
	};
	int64_t result = host_call(&call);

	if (result < 0)
		return (int)result;
	return call.in_size == sizeof(*stat) ? 0 : -EIO;
}

static int64_t seek_from_end(struct file *file, int64_t offset)
{
	file_stat_t stat;
	int error = hostfs_fstat(file, &stat);

	if (error)
		return error;
	if (offset > 0 && stat.size > (uint64_t)(INT64_MAX - offset))
		return -EOVERFLOW;
	return (int64_t)stat.size + offset;
}

static int64_t hostfs_seek(struct file *file, int64_t offset, int whence)
{
	int64_t position;

	if (file->kind & FILE_STREAM)
		return -ESPIPE;
	if (file->kind & FILE_HOST_OFFSET)
		return hostfs_call_handle(file, HC_LSEEK, (uint64_t)offset, (uint64_t)whence, 0);
	switch (whence) {
	case SEEK_SET:
		position = offset;
		break;
	case SEEK_CUR:
		position = offset > 0 && (uint64_t)offset > INT64_MAX - file->offset
				   ? -EOVERFLOW
				   : (int64_t)file->offset + offset;
		break;
	case SEEK_END:
		position = seek_from_end(file, offset);
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		position =
			hostfs_call_handle(file, HC_LSEEK, (uint64_t)offset, (uint64_t)whence, 0);
		if (position < 0)
			return position;
		break;
	default:
		return -EINVAL;
	}
	if (position < 0)
		return position == -EOVERFLOW ? -EOVERFLOW : -EINVAL;
	file->offset = (uint64_t)position;
	return position;
}

/* Where the last record of a listing ends: its d_off (offset 8 of struct linux_dirent64). */
static void remember_position(struct file *file, const uint8_t *records, size_t size)
{
	size_t at = 0;

	while (at + 19 <= size) {
		uint16_t length;
		uint64_t cookie;

		memcpy(&cookie, records + at + 8, sizeof(cookie));
		memcpy(&length, records + at + 16, sizeof(length));
		if (length < 19)
			return;
		file->offset = host_file_of(file)->dir_position = cookie;
		at += length;
	}
}

static int64_t hostfs_getdents(struct file *file, void *buffer, size_t size)
{
	struct host_file *host = host_file_of(file);
	struct host_call call = {
		.op = HC_GETDENTS,
		.handle = host->handle,
		.arg = {size, file->offset != host->dir_position, file->offset},
		.in = buffer,
		.in_capacity = size,
	};
	int64_t result;

	if (!(file->kind & FILE_DIRECTORY))
		return -ENOTDIR;
	result = host_call(&call);
	if (result < 0)
		return result;
	if (call.in_size > size)
		return -EIO;
	remember_position(file, buffer, call.in_size);
	return (int64_t)call.in_size;
}

static int hostfs_truncate(struct file *file, uint64_t size)
{
	int error = simple(file, HC_FTRUNCATE, size, 0, 0);
	file_stat_t stat;

	if (!error && pagecache_in_use() && !hostfs_fstat(file, &stat))
		pagecache_after_truncate(&stat);
	return error;
}

static int hostfs_allocate(struct file *file, int mode, uint64_t offset, uint64_t size)
{
	int error;

	if (pagecache_in_use())
		pagecache_flush(file); /* some modes move contents */
	error = simple(file, HC_FALLOCATE, (uint64_t)mode, offset, size);
	if (!error && mode && pagecache_in_use())
		pagecache_after_write(file, offset, INT64_MAX);
	return error;
}

static int hostfs_sync(struct file *file, bool data_only)
{
	if (pagecache_in_use())
		pagecache_flush(file); /* what mappings have changed reaches the host first */
	return simple(file, HC_FSYNC, data_only, 0, 0);
}

static int hostfs_chmod(struct file *file, uint32_t mode)
{
	return simple(file, HC_FCHMOD, mode, 0, 0);
}

static int hostfs_chown(struct file *file, uint32_t uid, uint32_t gid)
{
	return simple(file, HC_FCHOWN, uid, gid, 0);
}

static int hostfs_utimens(struct file *file, const struct hc_time times[2])
{
	struct host_call call = {
		.op = HC_FUTIMENS,
		.handle = host_file_of(file)->handle,
		.out = {{times, 2 * sizeof(times[0])}},
	};
	int64_t result = host_call(&call);

	return result > 0 ? 0 : (int)result;
}

static int hostfs_statfs(struct file *file, struct hc_statfs *statfs)
{
	struct host_call call = {
		.op = HC_FSTATFS,
		.handle = host_file_of(file)->handle,
		.in = statfs,
		.in_capacity = sizeof(*statfs),
	};
	int64_t result = host_call(&call);

	if (result < 0)
		return (int)result;
	return call.in_size == sizeof(*statfs) ? 0 : -EIO;
}

static int hostfs_flock(struct file *file, int operation)
{
	return simple(file, HC_FLOCK, (uint64_t)operation, 0, 0);
}

/* O_APPEND is the one status flag that the host has to know: others may write to the file, too. */
static int hostfs_set_flags(struct file *file, unsigned flags)
{
	if (!((atomic_load(&file->flags) ^ flags) & O_APPEND))
		return 0;
	return simple(file, HC_SETFL, flags & O_APPEND, 0, 0);
}

/* Commands that mean something on a host's file: bytes of argument that go in and come out. */
static const struct {
	unsigned command;
	uint8_t in, out;
} ioctls[] = {
	{TCGETS, 0, sizeof(struct termios)},
	{TCSETS, sizeof(struct termios), 0},
	{TCSETSW, sizeof(struct termios), 0},
	{TCSETSF, sizeof(struct termios), 0},
	{TIOCGWINSZ, 0, sizeof(struct winsize)},
	{TIOCSWINSZ, sizeof(struct winsize), 0},
	{TIOCGPGRP, 0, sizeof(int)},
	{FIONREAD, 0, sizeof(int)},
	{TIOCOUTQ, 0, sizeof(int)},
	{TCSBRK, 0, 0}, /* these three by value */
	{TCXONC, 0, 0},
	{TCFLSH, 0, 0},
};

static long hostfs_ioctl(struct file *file, unsigned command, uintptr_t argument)
{
	uint8_t in[64], out[64];
	struct host_call call = {.op = HC_IOCTL, .arg = {command, argument}, .in = out};
	int64_t result;
	unsigned i = 0;

	while (i < ARRAY_SIZE(ioctls) && ioctls[i].command != command)
		i++;
	if (i == ARRAY_SIZE(ioctls))
		return -ENOTTY;
	if (ioctls[i].in && arch_user_read(in, argument, ioctls[i].in))
		return -EFAULT;
	call.handle = host_file_of(file)->handle;
	call.out[0] = (struct host_buffer){in, ioctls[i].in};
	call.in_capacity = ioctls[i].out;
	result = host_call(&call);
	if (result < 0)
		return result;
	if (call.in_size != ioctls[i].out)
		return -EIO;
	return ioctls[i].out && arch_user_write(argument, out, ioctls[i].out) ? -EFAULT : result;
}

static void hostfs_release(struct file *file)
{
	hostfs_poll_end(file);
	host_close(host_file_of(file)->handle);
	kfree(file->data);
}

/* Regular files: always ready, so no poll operation (epoll refuses them, as on Linux). */
static const struct file_ops regular_ops = {
	.read = hostfs_read,
	.write = hostfs_write,
	.seek = hostfs_seek,
	.ioctl = hostfs_ioctl,
	.stat = hostfs_fstat,
	.getdents = hostfs_getdents,
	.truncate = hostfs_truncate,
	.allocate = hostfs_allocate,
	.sync = hostfs_sync,
	.chmod = hostfs_chmod,
	.chown = hostfs_chown,
	.utimens = hostfs_utimens,
	.statfs = hostfs_statfs,
	.flock = hostfs_flock,
	.set_flags = hostfs_set_flags,
	.map = hostfs_map,
	.release = hostfs_release,
};

static const struct file_ops stream_ops = {
	.read = hostfs_read,
	.write = hostfs_write,
	.poll = hostfs_poll,
	.ioctl = hostfs_ioctl,
	.stat = hostfs_fstat,
	.chmod = hostfs_chmod,
	.chown = hostfs_chown,
	.utimens = hostfs_utimens,
	.statfs = hostfs_statfs,
	.set_flags = hostfs_set_flags,
	.release = hostfs_release,
};

static unsigned kind_of(uint32_t attributes, unsigned flags)
{
	unsigned kind = attributes & HC_HANDLE_DIR ? FILE_DIRECTORY : 0;

	if (!(attributes & (HC_HANDLE_DIR | HC_HANDLE_SEEKABLE)))
		kind |= FILE_STREAM;
	return kind | (flags & O_PATH ? FILE_PATH_ONLY : 0);
}

struct file *hostfs_file_create(uint32_t handle, uint32_t attributes, unsigned flags,
				const char *path)
{
	struct host_file *host = kzalloc(sizeof(*host));
	unsigned kind = kind_of(attributes, flags);
	struct file *file = NULL;

	if (host)
		file = file_create(kind & FILE_STREAM ? &stream_ops : &regular_ops, host, flags,
				   kind, path);
	if (!file) {
		kfree(host);
		host_close(handle);
		return NULL;
	}
	host->handle = handle;
	host->attributes = attributes;
	mutex_init(&host->poll_lock);
	wait_queue_init(&host->queue);
	if (kind & FILE_STREAM)
		file->poll_queue = &host->queue;
	return file;
}

bool hostfs_is_file(const struct file *file)
{
	return file->ops == &regular_ops;
}
