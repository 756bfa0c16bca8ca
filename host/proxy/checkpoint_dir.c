/* SPDX-License-Identifier: BSD-3-Clause */
/* See checkpoint_dir.h. */
#include "checkpoint_dir.h"

#include "message.h"

#include "common/checkpoint_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STATE_NAME    "state"
#define STATE_NEW     "state.new"
#define MEMORY_PREFIX "memory-"

int checkpoint_dir_open(const char *path, bool create)
{
	if (create && mkdir(path, 0700) != 0 && errno != EEXIST) {
		int err = errno;
		proxy_message("%s: %s", path, strerror(err));
		return -err;
	}
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int err = errno;
		proxy_message("%s: %s", path, strerror(err));
		return -err;
	}
	if (flock(fd, (create ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return fd;
	int err = errno;
	proxy_message(err == EWOULDBLOCK ? "%s: another proxy keeps its checkpoints there"
					 : "%s: the directory cannot be locked",
		      path);
	close(fd);
	return -err;
}

/* Is NAME a file of memory? Which? */
static bool memory_number(const char *name, uint64_t *number)
{
	char *end;

	if (strncmp(name, MEMORY_PREFIX, strlen(MEMORY_PREFIX)) != 0)
		return false;
	errno = 0;
	*number = strtoull(name + strlen(MEMORY_PREFIX), &end, 10);
	return !errno && !*end && end != name + strlen(MEMORY_PREFIX);
}

/* The directory's names; the descriptor stays the caller's. */
static DIR *list(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

uint64_t checkpoint_dir_next_number(int dir_fd)
{
	DIR *dir = list(dir_fd);
	uint64_t next = 1, number;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (memory_number(entry->d_name, &number) && number >= next && number < UINT64_MAX)
			next = number + 1;
	if (dir)
		closedir(dir);
	return next;
}

void checkpoint_dir_clean(int dir_fd, bool (*needed)(const void *context, uint64_t number),
			  const void *context)
{
	DIR *dir = list(dir_fd);
	uint64_t number;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (memory_number(entry->d_name, &number) && !needed(context, number))
			unlinkat(dir_fd, entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static int write_state(int fd, const struct blob *state)
{
	for (size_t done = 0; done < state->size;) {
		ssize_t bytes = write(fd, state->data + done, state->size - done);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes <= 0)
			return bytes < 0 ? -errno : -EIO;
		done += (size_t)bytes;
	}
	return fsync(fd) ? -errno : 0;
}

int checkpoint_dir_commit(int dir_fd, const struct blob *state)
{
	int fd = openat(dir_fd, STATE_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			0600);
	if (fd < 0)
		return -errno;
	int err = write_state(fd, state);
	close(fd);
	/* The files of memory have names, too, before the state names them. */
	if (!err && fsync(dir_fd) != 0)
		err = -errno;
	/* Not by libc, which prefers renameat() where no flags are given. */
	if (!err && syscall(SYS_renameat2, dir_fd, STATE_NEW, dir_fd, STATE_NAME, 0) != 0)
		err = -errno;
	if (!err && fsync(dir_fd) != 0)
		err = -errno;
	return err;
}

static void *read_state(int fd, size_t size)
{
	uint8_t *data = malloc(size ? size : 1);
	size_t done = 0;

	while (data && done < size) {
		ssize_t got = pread(fd, data + done, size - done, (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			free(data);
			return NULL;
		}
		done += (size_t)got;
	}
	return data;
}

const void *checkpoint_dir_state(int dir_fd, size_t *size, const char **reason)
{
	struct stat st;
	const void *data = NULL;

	*reason = "holds no checkpoint";
	int fd = openat(dir_fd, STATE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size <= CHECKPOINT_FILE_MAX) {
		*size = (size_t)st.st_size;
		*reason = "holds a checkpoint that cannot be read";
		data = read_state(fd, *size);
	}
	close(fd);
	return data;
}
