/* SPDX-License-Identifier: BSD-3-Clause */
/* Open files: life and the checks that are the same for all kinds. */
#include <file/file.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <file/epoll.h>
#include <lib/assert.h>
#include <mm/heap.h>

struct file *file_create(const struct file_ops *ops, void *data, unsigned flags, unsigned kind,
			 const char *path)
{
	struct file *file = kzalloc(sizeof(*file));

	if (!file)
		return NULL;
	if (path && file_path_set(file, path)) {
		kfree(file);
		return NULL;
	}
	atomic_init(&file->references, 1);
	atomic_init(&file->flags, flags);
	file->kind = kind;
	file->ops = ops;
	file->data = data;
	mutex_init(&file->offset_lock);
	list_init(&file->watches);
	return file;
}

void file_put(struct file *file)
{
	uint32_t before = atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel);

	ASSERT(before > 0);
	if (before > 1)
		return;
	epoll_forget(file);
	if (file->ops->release)
		file->ops->release(file);
	file_path_clear(file);
	kfree(file);
}

typedef int64_t (*transfer_fn)(struct file *file, struct file_io *io, uint64_t *offset);

/* Calls TRANSFER with the position that the kind of file and OFFSET ask for. */
static int64_t transfer(struct file *file, transfer_fn function, struct file_io *io,
			const uint64_t *offset)
{
	uint64_t position;
	int64_t result;

	if (offset) {
		if (file->kind & FILE_STREAM)
			return -ESPIPE;
		position = *offset;
		return function(file, io, &position);
	}
	if (file->kind & FILE_STREAM)
		return function(file, io, NULL);
	mutex_lock(&file->offset_lock);
	result = function(file, io, &file->offset);
	mutex_unlock(&file->offset_lock);
	return result;
}

int64_t file_read(struct file *file, struct file_io *io, const uint64_t *offset)
{
	if (!file_readable(file))
		return -EBADF;
	if (file->kind & FILE_DIRECTORY)
		return -EISDIR;
	return file->ops->read ? transfer(file, file->ops->read, io, offset) : -EINVAL;
}

int64_t file_write(struct file *file, struct file_io *io, const uint64_t *offset)
{
	if (!file_writable(file))
		return -EBADF;
	return file->ops->write ? transfer(file, file->ops->write, io, offset) : -EINVAL;
}
