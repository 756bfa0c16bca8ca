/* SPDX-License-Identifier: BSD-3-Clause */
/* Listing a directory of a memory file system, and the form of directory records for all of the
 * kernel's own. */
#include "memfs.h"

#include <asm/errno.h>
#include <lib/string.h>
#include <linux/stat.h>

#include "dirent.h"

/* struct linux_dirent64: its fixed part has 19 bytes. */
#define RECORD_HEAD 19u

bool dirent_put(struct dirent_list *list, uint64_t ino, uint64_t next, uint32_t mode,
		const char *name, size_t length)
{
	uint16_t size = (uint16_t)ALIGN_UP(RECORD_HEAD + length + 1, 8ul);
	uint8_t *record = (uint8_t *)list->buffer + list->used;

	if (list->used + size > list->size) {
		list->full = true;
		return false;
	}
	memset(record, 0, size);
	memcpy(record, &ino, 8);
	memcpy(record + 8, &next, 8);
	memcpy(record + 16, &size, 2);
	record[18] = (uint8_t)((mode & S_IFMT) >> 12); /* DT_* are these bits */
	memcpy(record + RECORD_HEAD, name, length);
	list->used += size;
	return true;
}

int64_t dirent_result(const struct dirent_list *list)
{
	return list->used || !list->full ? (int64_t)list->used : -EINVAL;
}

int64_t mem_getdents(struct file *file, void *buffer, size_t size)
{
	struct mem_node *dir = file->data;
	struct dirent_list list = {.buffer = buffer, .size = size};
	struct mem_name *name;

	mutex_lock(&dir->fs->lock);
	if (!dir->nlink) {
		mutex_unlock(&dir->fs->lock);
		return -ENOENT; /* removed: there is no parent to tell either */
	}
	if (file->offset < 1 && dirent_put(&list, dir->ino, 1, S_IFDIR, ".", 1))
		file->offset = 1;
	if (file->offset == 1 && dirent_put(&list, dir->parent->ino, 2, S_IFDIR, "..", 2))
		file->offset = 2;
	list_for_each_entry (name, &dir->order, in_order) {
		if (file->offset < 2 || name->cookie <= file->offset)
			continue;
		if (!dirent_put(&list, name->node->ino, name->cookie, name->node->mode, name->name,
				name->length))
			break;
		file->offset = name->cookie;
	}
	mutex_unlock(&dir->fs->lock);
	return dirent_result(&list);
}
