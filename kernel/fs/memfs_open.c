/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening in memory file systems. */
#include "memfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <mm/heap.h>

static int open_existing(struct mem_walk *w, unsigned flags)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY;

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (mem_is_link(w->node) && !(flags & O_PATH))
		return -ELOOP;
	if ((flags & O_DIRECTORY || w->must_be_dir) && !mem_is_dir(w->node))
		return -ENOTDIR;
	if (mem_is_dir(w->node) && (write || flags & O_CREAT))
		return -EISDIR;
	if (flags & O_TRUNC && !(flags & O_PATH) && mem_is_file(w->node))
		return mem_file_truncate(w->node, 0);
	return 0;
}

/* An unnamed file in the directory at PATH. */
static int open_unnamed(struct mem_walk *w, unsigned flags, uint32_t mode, struct file **out)
{
	struct mem_node *node;
	int error;

	if (!w->node || !mem_is_dir(w->node))
		return w->node ? -ENOTDIR : -ENOENT;
	if ((flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	node = mem_node_create(w->node->fs, S_IFREG | mode);
	if (!node)
		return -ENOSPC;
	node->nlink = 0;
	error = memfs_open_node(node, flags, NULL, out);
	mem_node_put(node);
	return error;
}

static int open_walked(struct fs_mount *mount, struct mem_walk *w, unsigned flags, uint32_t mode,
		       char *resolved, struct file **out)
{
	int error;

	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_unnamed(w, flags, mode, out);
	if (flags & O_CREAT && w->must_be_dir)
		return -EISDIR;
	if (w->node) {
		error = open_existing(w, flags);
	} else if (!(flags & O_CREAT)) {
		error = -ENOENT;
	} else {
		error = mem_node_add(w, S_IFREG | (mode & MEM_PERMISSIONS), &w->node);
	}
	if (!error)
		error = memfs_path_of(mount, mem_is_dir(w->node) ? w->node : w->dir, w->name,
				      mem_is_dir(w->node) ? 0 : w->length, resolved);
	return error ? error : memfs_open_node(w->node, flags, resolved, out);
}

int memfs_open(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
	       struct file **out)
{
	char *resolved = kmalloc(FS_PATH_MAX + 1);
	struct mem_walk w;
	int error;

	if (!resolved)
		return -ENOMEM;
	error = mem_walk_begin(mount, path, &w);
	if (!error)
		error = open_walked(mount, &w, flags, mode, resolved, out);
	mem_walk_end(mount, &w);
	kfree(resolved);
	return error;
}
