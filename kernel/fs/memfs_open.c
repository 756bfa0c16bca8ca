/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening in memory file systems. */
#include "memfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <lib/string.h>
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
	if (mem_is_dir(w->node) && (write || flags & (O_CREAT | O_TRUNC)))
		return -EISDIR;
	if (flags & O_TRUNC && !(flags & O_PATH) && mem_is_file(w->node))
		return mem_file_truncate(w->node, 0);
	return 0;
}

/* An unnamed file in the directory that the walk has led to. */
static int make_unnamed(const struct mem_walk *w, unsigned flags, uint32_t mode,
			struct mem_node **out)
{
	if (!w->node || !mem_is_dir(w->node))
		return w->node ? -ENOTDIR : -ENOENT;
	*out = mem_node_create(w->node->fs, S_IFREG | mode);
	if (!*out)
		return -ENOSPC;
	(*out)->nlink = 0;
	(*out)->linkable = !(flags & O_EXCL);
	return 0;
}

/* The node to open, with a reference, and its path (RESOLVED; "": it has none). */
static int find_node(struct fs_mount *mount, struct mem_walk *w, unsigned flags, uint32_t mode,
		     char *resolved, struct mem_node **out)
{
	bool directory;
	int error;

	resolved[0] = 0;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return make_unnamed(w, flags, mode & MEM_PERMISSIONS, out);
	if (flags & O_CREAT && w->must_be_dir)
		return -EISDIR;
	if (w->node)
		error = open_existing(w, flags);
	else if (!(flags & O_CREAT))
		error = -ENOENT;
	else
		error = mem_node_add(w, S_IFREG | (mode & MEM_PERMISSIONS), &w->node);
	if (error)
		return error;
	directory = mem_is_dir(w->node);
	mem_node_get(w->node);
	*out = w->node;
	return memfs_path_of(mount, directory ? w->node : w->dir, w->name,
			     directory ? 0 : w->length, resolved);
}

static bool ends_in_slash(const char *path)
{
	size_t length = strlen(path);

	return length && path[length - 1] == '/';
}

int memfs_open(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
	       struct file **out)
{
	char *resolved = kmalloc(FS_PATH_MAX + 1);
	struct mem_node *node = NULL;
	struct mem_walk w;
	int error;

	if (!resolved)
		return -ENOMEM;
	/* O_CREAT with a slash at the end fails whatever the name is: a link is not looked into. */
	if (flags & O_CREAT && ends_in_slash(path->rest))
		error = mem_walk_name(mount, path, &w);
	else
		error = mem_walk_begin(mount, path, &w);
	if (!error)
		error = find_node(mount, &w, flags, mode, resolved, &node);
	mem_walk_end(mount, &w);
	/* Without the lock: a FIFO may wait for its other side. */
	if (!error)
		error = memfs_open_node(node, flags, resolved[0] ? resolved : NULL, out);
	if (node)
		mem_node_put(node);
	kfree(resolved);
	return error;
}
