/* SPDX-License-Identifier: BSD-3-Clause */
/* /dev: a memory file system with device nodes; what they do is told by their device number, as on
 * Linux (Documentation/admin-guide/devices.txt). */
#include "memfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <core/random.h>
#include <linux/stat.h>

#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))
#define DEVICE_NULL	     DEVICE(1, 3)
#define DEVICE_ZERO	     DEVICE(1, 5)
#define DEVICE_FULL	     DEVICE(1, 7)
#define DEVICE_RANDOM	     DEVICE(1, 8)
#define DEVICE_URANDOM	     DEVICE(1, 9)
#define DEVICE_TTY	     DEVICE(5, 0)

static int64_t null_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	(void)file;
	(void)io;
	(void)offset;
	return 0;
}

static int64_t swallow(struct file *file, struct file_io *io, uint64_t *offset)
{
	int64_t size = (int64_t)io->remaining;

	(void)file;
	(void)offset;
	file_io_advance(io, io->remaining);
	return size;
}

static int64_t zero_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	(void)file;
	(void)offset;
	return file_io_zero(io, io->remaining);
}

static int64_t full_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	(void)file;
	(void)io;
	(void)offset;
	return -ENOSPC;
}

static int64_t random_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	uint8_t bytes[256];
	int64_t done = 0;

	(void)file;
	(void)offset;
	while (io->remaining) {
		size_t part = MIN(io->remaining, sizeof(bytes));
		int64_t put;

		random_fill(bytes, part);
		put = file_io_put(io, bytes, part);
		if (put <= 0)
			return done ? done : put;
		done += put;
	}
	return done;
}

/* What is written to the generator adds to its state. */
static int64_t random_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	uint8_t bytes[256];
	int64_t done = 0, part;

	(void)file;
	(void)offset;
	while ((part = file_io_get(io, bytes, sizeof(bytes))) > 0) {
		random_add_seed(bytes, (size_t)part);
		done += part;
	}
	return done ? done : part;
}

/* These devices have no position: every one is the same. */
static int64_t device_seek(struct file *file, int64_t offset, int whence)
{
	(void)file;
	(void)offset;
	(void)whence;
	return 0;
}

static unsigned always_ready(struct file *file, unsigned events)
{
	(void)file;
	return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

static int device_stat(struct file *file, file_stat_t *stat)
{
	*stat = (file_stat_t){
		.dev = 6,
		.ino = file->handle + 1,
		.nlink = 1,
		.rdev = file->handle,
		.blksize = PAGE_SIZE,
		.mode = S_IFCHR | 0666,
	};
	return 0;
}

/* A mapping of /dev/zero is anonymous memory. */
static int zero_map(struct file *file, unsigned prot, bool shared, struct vm_object **object)
{
	(void)file;
	(void)prot;
	(void)shared;
	*object = NULL;
	return 0;
}

#define DEVICE_OPS(name, read_fn, write_fn, map_fn)                                                \
	static const struct file_ops name = {                                                      \
		.read = read_fn,                                                                   \
		.write = write_fn,                                                                 \
		.seek = device_seek,                                                               \
		.poll = always_ready,                                                              \
		.stat = device_stat,                                                               \
		.map = map_fn,                                                                     \
	}

DEVICE_OPS(null_ops, null_read, swallow, NULL);
DEVICE_OPS(zero_ops, zero_read, swallow, zero_map);
DEVICE_OPS(full_ops, zero_read, full_write, zero_map);
DEVICE_OPS(random_ops, random_read, random_write, NULL);

static const struct {
	const char *name;
	uint64_t rdev;
	const struct file_ops *ops;
} devices[] = {
	{"null", DEVICE_NULL, &null_ops},	  {"zero", DEVICE_ZERO, &zero_ops},
	{"full", DEVICE_FULL, &full_ops},	  {"random", DEVICE_RANDOM, &random_ops},
	{"urandom", DEVICE_URANDOM, &random_ops},
};

int device_open(uint64_t rdev, unsigned flags, const char *path, struct file **out)
{
	const struct file_ops *ops = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i].rdev == rdev)
			ops = devices[i].ops;
	if (!ops)
		return rdev == DEVICE_TTY ? tty_open(out) : -ENXIO;
	*out = file_create(ops, NULL, flags, 0, path);
	if (!*out)
		return -ENOMEM;
	(*out)->handle = rdev;
	return 0;
}

/* /dev/tty: the terminal among the standard files, if one is. */
int tty_open(struct file **out)
{
	for (int fd = 0; fd < 3; fd++) {
		struct file *file = fd_get(fd);
		file_stat_t stat;

		if (!file)
			continue;
		if (file->ops->stat && !file->ops->stat(file, &stat) &&
		    (stat.mode & S_IFMT) == S_IFCHR && file->kind & FILE_STREAM) {
			*out = file;
			return 0;
		}
		file_put(file);
	}
	return -ENXIO;
}

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
};

int devfs_init(void)
{
	struct memfs *fs = memfs_create("devtmpfs");
	int error = fs ? memfs_mount_at(fs, "/dev") : -ENOMEM;

	for (unsigned i = 0; i < ARRAY_SIZE(devices) && !error; i++)
		error = memfs_add_node(fs, devices[i].name, S_IFCHR | 0666, devices[i].rdev, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(links) && !error; i++)
		error = memfs_add_node(fs, links[i].name, S_IFLNK | 0777, 0, links[i].target);
	if (!error)
		error = memfs_add_node(fs, "tty", S_IFCHR | 0666, DEVICE_TTY, NULL);
	if (!error)
		error = memfs_add_node(fs, "shm", S_IFDIR | 01777, 0, NULL);
	if (!error)
		fs->root->mode = S_IFDIR | 0755;
	return error ? error : memfs_mount("/dev/shm", "tmpfs");
}
