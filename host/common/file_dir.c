/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HC_GETDENTS: the host's entries, then the names of mount points that the host's directory does
 * not have. The latter have cookies that no file system gives out.
 */
#include "file_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYNTHETIC_COOKIE 0x7fffffff00000000u
#define SYNTHETIC_DOTS	 2u /* "." and ".." come first, where the host has no directory */

/* The records of getdents64(2). */
struct record {
	uint64_t ino;
	uint64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static int64_t dir_rewind(struct handle *handle, uint64_t cookie)
{
	if (cookie >= SYNTHETIC_COOKIE && cookie - SYNTHETIC_COOKIE <= UINT32_MAX) {
		handle->dir_host_done = true;
		handle->dir_synthetic = cookie - SYNTHETIC_COOKIE;
		return 0;
	}
	if (handle->fd >= 0 && lseek(handle->fd, (off_t)cookie, SEEK_SET) < 0)
		return -errno;
	handle->dir_host_done = false;
	handle->dir_synthetic = 0;
	return 0;
}

/* The INDEXth name that the mount table adds to the directory, NULL at the end. */
static const char *synthetic_name(const struct file_server *files, const struct handle *handle,
				  uint64_t index, size_t *len)
{
	if (handle->fd < 0 && index < SYNTHETIC_DOTS) {
		*len = index + 1;
		return "..";
	}
	if (handle->fd < 0)
		index -= SYNTHETIC_DOTS;
	return mount_table_child(files->mounts, handle->path, strlen(handle->path), index, len);
}

static bool host_has(const struct handle *handle, const char *name, size_t len)
{
	char copy[NAME_MAX + 1];
	struct stat st;

	if (handle->fd < 0 || len > NAME_MAX)
		return false;
	memcpy(copy, name, len);
	copy[len] = '\0';
	return fstatat(handle->fd, copy, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A name of the mount table leads to a directory, unless a file is mounted there. */
static uint8_t entry_type(const struct file_server *files, const struct handle *handle,
			  const char *name, size_t len)
{
	char path[PATH_MAX + NAME_MAX + 2];
	int size = snprintf(path, sizeof(path), "%s/%.*s", handle->path, (int)len, name);
	const struct mount *mount = mount_table_at(files->mounts, path, (size_t)size);
	return mount && mount->file ? DT_REG : DT_DIR;
}

static int64_t add_synthetic(struct file_server *files, struct handle *handle, uint8_t *out,
			     size_t size)
{
	size_t used = 0, len;
	const char *name;

	while ((name = synthetic_name(files, handle, handle->dir_synthetic, &len))) {
		size_t reclen = (offsetof(struct record, name) + len + 1 + 7) & ~(size_t)7;
		uint64_t next = handle->dir_synthetic + 1;
		if (host_has(handle, name, len)) {
			handle->dir_synthetic = next;
			continue;
		}
		if (reclen > size - used)
			return used > 0 ? (int64_t)used : -EINVAL;
		struct record record = {.ino = next,
					.off = SYNTHETIC_COOKIE + next,
					.reclen = (uint16_t)reclen,
					.type = entry_type(files, handle, name, len)};
		memset(out + used, 0, reclen);
		memcpy(out + used, &record, offsetof(struct record, name));
		memcpy(out + used + offsetof(struct record, name), name, len);
		used += reclen;
		handle->dir_synthetic = next;
	}
	return (int64_t)used;
}

static int64_t read_entries(struct file_server *files, struct hostcall *call, struct handle *handle,
			    size_t size)
{
	if (call->request.arg[1]) {
		int64_t err = dir_rewind(handle, call->request.arg[2]);
		if (err)
			return err;
	}
	if (handle->fd >= 0 && !handle->dir_host_done) {
		long got = syscall(SYS_getdents64, handle->fd, call->out, size);
		if (got < 0)
			return -errno;
		if (got > 0)
			return got;
		handle->dir_host_done = true;
	}
	return handle->path ? add_synthetic(files, handle, call->out, size) : 0;
}

int64_t file_getdents(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	uint64_t size = call->request.arg[0];

	if (!(handle->attributes & HC_HANDLE_DIR))
		return -ENOTDIR;
	pthread_mutex_lock(&handle->dir_lock);
	int64_t result =
		read_entries(files, call, handle, size < HC_DATA_MAX ? (size_t)size : HC_DATA_MAX);
	pthread_mutex_unlock(&handle->dir_lock);
	if (result > 0)
		call->out_size = (size_t)result;
	return result;
}
