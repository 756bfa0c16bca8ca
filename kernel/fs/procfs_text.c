/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc and /sys: open files. A text is made at the first read, and again whenever its start is
 * read, so that a program may keep a file open and rewind it. A directory's list is made when it is
 * opened.
 *
 * Lock: proc_open.lock guards the text.
 */
#include "procfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <mm/heap.h>
#include <sched/mutex.h>
#include <stdarg.h>

#include "dirent.h"

void proc_put(struct proc_text *out, const void *bytes, size_t size)
{
	if (out->length + size + 1 > out->capacity) {
		size_t capacity = MAX(2 * out->capacity, out->length + size + 512);
		char *text = krealloc(out->text, capacity);

		if (!text) {
			out->error = -ENOMEM;
			return;
		}
		out->text = text;
		out->capacity = capacity;
	}
	memcpy(out->text + out->length, bytes, size);
	out->length += size;
}

void proc_printf(struct proc_text *out, const char *format, ...)
{
	char line[512];
	va_list args;
	size_t length;

	va_start(args, format);
	length = kvsnprintf(line, sizeof(line), format, args);
	va_end(args);
	proc_put(out, line, MIN(length, sizeof(line) - 1));
}

struct proc_open {
	const struct procfs *fs;
	const struct proc_entry *entry; /* NULL: a directory */
	struct proc_match match;
	struct mutex lock;
	struct proc_text text;
};

/* Makes the text anew when its start is read again. */
static void refresh(struct proc_open *open, uint64_t offset) REQUIRES(open->lock)
{
	if (offset == 0 || !open->text.text) {
		open->text.length = 0;
		open->text.error = 0;
		open->entry->generate(&open->text, &open->match);
	}
}

static int64_t text_read(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct proc_open *open = file->data;
	const struct proc_text *text = &open->text;
	int64_t put = 0;

	if (!open->entry)
		return -EISDIR;
	mutex_lock(&open->lock);
	refresh(open, *offset);
	if (text->error)
		put = text->error;
	else if (*offset < text->length)
		put = file_io_put(io, text->text + *offset,
				  MIN(io->remaining, text->length - *offset));
	mutex_unlock(&open->lock);
	if (put > 0)
		*offset += (uint64_t)put;
	return put;
}

static int64_t text_write(struct file *file, struct file_io *io, uint64_t *offset)
{
	struct proc_open *open = file->data;
	char text[PROC_WRITE_MAX + 1];
	size_t all = io->remaining;
	int64_t size = file_io_get(io, text, MIN(all, PROC_WRITE_MAX));
	int error;

	if (size < 0)
		return size;
	text[size] = '\0';
	error = open->entry->write(text, &open->match);
	if (error)
		return error;
	*offset += all;
	return (int64_t)all; /* the rest is dropped */
}

static int64_t text_seek(struct file *file, int64_t offset, int whence)
{
	int64_t position = whence == SEEK_SET	? offset
			   : whence == SEEK_CUR ? (int64_t)file->offset + offset
						: -1;

	if (position < 0)
		return -EINVAL;
	file->offset = (uint64_t)position;
	return position;
}

void procfs_stat_entry(const struct proc_entry *entry, file_stat_t *stat)
{
	uint32_t mode = !entry	       ? S_IFDIR | 0555
			: entry->link  ? S_IFLNK | 0777
			: entry->write ? S_IFREG | 0644
				       : S_IFREG | 0444;

	*stat = (file_stat_t){
		.dev = 5,
		.ino = entry ? (uint64_t)(uintptr_t)entry & 0xffffffff : 1,
		.nlink = entry ? 1 : 2,
		.blksize = 1024,
		.mode = mode,
	};
}

static int text_stat(struct file *file, file_stat_t *stat)
{
	const struct proc_open *open = file->data;

	procfs_stat_entry(open->entry, stat);
	return 0;
}

static int text_statfs(struct file *file, struct hc_statfs *statfs)
{
	const struct proc_open *open = file->data;

	procfs_statfs_fill(open->fs, statfs);
	return 0;
}

static void text_release(struct file *file)
{
	struct proc_open *open = file->data;

	kfree(open->text.text);
	kfree(open);
}

/* A directory's text: procfs_list. */
static int64_t list_getdents(struct file *file, void *buffer, size_t size)
{
	const struct proc_text *text = &((const struct proc_open *)file->data)->text;
	struct dirent_list list = {.buffer = buffer, .size = size};
	uint64_t at = 0, index = 0;

	while (at < text->length) {
		const char *name = text->text + at + 1;
		size_t length = strlen(name);
		uint32_t mode = (uint32_t)(uint8_t)text->text[at] << 12;

		at += length + 2;
		if (++index <= file->offset)
			continue;
		if (!dirent_put(&list, index + 1, index, mode, name, length))
			break;
		file->offset = index;
	}
	return dirent_result(&list);
}

static const struct file_ops text_ops = {
	.read = text_read,
	.write = text_write,
	.seek = text_seek,
	.stat = text_stat,
	.statfs = text_statfs,
	.release = text_release,
};

static const struct file_ops list_ops = {
	.seek = text_seek,
	.stat = text_stat,
	.statfs = text_statfs,
	.getdents = list_getdents,
	.release = text_release,
};

int procfs_text_open(const struct procfs *fs, const struct proc_entry *entry,
		     const struct proc_match *match, const struct proc_text *list, unsigned flags,
		     const char *path, struct file **out)
{
	struct proc_open *open = kzalloc(sizeof(*open));
	unsigned kind = (list ? FILE_DIRECTORY : 0u) | (flags & O_PATH ? FILE_PATH_ONLY : 0u);

	if (!open)
		return -ENOMEM;
	mutex_init(&open->lock);
	open->fs = fs;
	open->match = *match;
	if (!list)
		open->entry = entry;
	*out = file_create(list ? &list_ops : &text_ops, open, flags, kind, path);
	if (!*out) {
		kfree(open);
		return -ENOMEM;
	}
	if (list)
		open->text = *list;
	return 0;
}
