/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of the guest's open host files; see handle_table.h. */
#include "handle_table.h"

#include <abi/hostcall.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void handle_table_init(struct handle_table *table, uint32_t limit)
{
	*table = (struct handle_table){.limit = limit};
	pthread_mutex_init(&table->lock, NULL);
}

void handle_table_destroy(struct handle_table *table)
{
	for (uint32_t i = 0; i < table->capacity; i++)
		handle_put(table->slots[i]);
	free(table->slots);
	pthread_mutex_destroy(&table->lock);
	*table = (struct handle_table){0};
}

/*
 * A stream may block, and O_NONBLOCK belongs to the open file description, which the proxy shares
 * with the shell and others: so it opens one of its own for the same pipe or terminal. Sockets take
 * MSG_DONTWAIT instead.
 */
static void handle_make_nonblocking(struct handle *handle)
{
	char link[32];
	int flags = fcntl(handle->fd, F_GETFL);

	if (handle->is_socket || flags < 0 || (flags & (O_NONBLOCK | O_PATH)))
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle->fd);
	int twin = open(link, (flags & (O_ACCMODE | O_APPEND)) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (twin >= 0)
		handle->io_fd = twin;
	else
		handle->may_block = true;
}

static void handle_classify(struct handle *handle)
{
	struct stat st;

	if (fstat(handle->fd, &st) != 0)
		return;
	handle->mode = st.st_mode;
	handle->is_socket = S_ISSOCK(st.st_mode);
	if (S_ISDIR(st.st_mode))
		handle->attributes = HC_HANDLE_DIR;
	else if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || S_ISLNK(st.st_mode))
		handle->attributes = HC_HANDLE_SEEKABLE;
	else if (S_ISCHR(st.st_mode) && isatty(handle->fd))
		handle->attributes = HC_HANDLE_STREAM | HC_HANDLE_TTY;
	else if (S_ISCHR(st.st_mode) && lseek(handle->fd, 0, SEEK_CUR) >= 0)
		handle->attributes = HC_HANDLE_SEEKABLE; /* /dev/null and its like */
	else
		handle->attributes = HC_HANDLE_STREAM;
	if (handle->attributes & HC_HANDLE_STREAM)
		handle_make_nonblocking(handle);
}

struct handle *handle_new(int fd)
{
	struct handle *handle = calloc(1, sizeof(*handle));
	if (!handle) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	atomic_init(&handle->refs, 1);
	pthread_mutex_init(&handle->dir_lock, NULL);
	handle->fd = handle->io_fd = fd;
	if (fd >= 0) {
		handle_classify(handle);
	} else {
		handle->attributes = HC_HANDLE_DIR | HC_HANDLE_READONLY;
		handle->mode = S_IFDIR | 0555;
	}
	return handle;
}

void handle_put(struct handle *handle)
{
	if (!handle || atomic_fetch_sub_explicit(&handle->refs, 1, memory_order_acq_rel) != 1)
		return;
	if (handle->io_fd != handle->fd)
		close(handle->io_fd);
	if (handle->fd >= 0)
		close(handle->fd);
	pthread_mutex_destroy(&handle->dir_lock);
	free(handle->path);
	free(handle->opened);
	free(handle);
}

/* Makes slot NUMBER exist. Lock held. */
static int table_grow(struct handle_table *table, uint32_t number)
{
	if (number >= table->limit)
		return -EMFILE;
	if (number < table->capacity)
		return 0;
	uint32_t capacity = table->capacity ? table->capacity : 32;
	while (capacity <= number)
		capacity *= 2;
	struct handle **slots = realloc(table->slots, capacity * sizeof(struct handle *));
	if (!slots)
		return -ENOMEM;
	memset(slots + table->capacity, 0, (capacity - table->capacity) * sizeof(struct handle *));
	table->slots = slots;
	table->capacity = capacity;
	return 0;
}

int64_t handle_table_add(struct handle_table *table, struct handle *handle)
{
	pthread_mutex_lock(&table->lock);
	uint32_t number = 0;
	while (number < table->capacity && table->slots[number])
		number++;
	int err = table_grow(table, number);
	if (!err)
		table->slots[number] = handle;
	pthread_mutex_unlock(&table->lock);
	if (err) {
		handle_put(handle);
		return err;
	}
	return number;
}

int handle_table_set(struct handle_table *table, uint32_t number, struct handle *handle)
{
	pthread_mutex_lock(&table->lock);
	int err = table_grow(table, number);
	if (!err && table->slots[number])
		err = -EBUSY;
	if (!err)
		table->slots[number] = handle;
	pthread_mutex_unlock(&table->lock);
	if (err)
		handle_put(handle);
	return err;
}

int handle_table_move(struct handle_table *table, uint32_t from, uint32_t to)
{
	struct handle *handle = handle_table_get(table, from);
	int err = handle ? 0 : -EBADF;

	if (from == to || err) {
		handle_put(handle);
		return err;
	}
	err = handle_table_set(table, to, handle); /* takes the reference */
	return err ? err : handle_table_close(table, from);
}

struct handle *handle_table_get(struct handle_table *table, uint32_t number)
{
	struct handle *handle = NULL;
	pthread_mutex_lock(&table->lock);
	if (number < table->capacity)
		handle = table->slots[number];
	if (handle)
		atomic_fetch_add_explicit(&handle->refs, 1, memory_order_relaxed);
	pthread_mutex_unlock(&table->lock);
	return handle;
}

int handle_table_close(struct handle_table *table, uint32_t number)
{
	struct handle *handle = NULL;
	pthread_mutex_lock(&table->lock);
	if (number < table->capacity) {
		handle = table->slots[number];
		table->slots[number] = NULL;
	}
	pthread_mutex_unlock(&table->lock);
	handle_put(handle);
	return handle ? 0 : -EBADF;
}
