/* SPDX-License-Identifier: BSD-3-Clause */
/* Making, removing and moving names in memory file systems; fs->lock is held from walk to end. */
#include "memfs.h"

#include <asm/errno.h>
#include <fs/path.h>
#include <lib/string.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <mm/heap.h>

/* A new name is to be made at PATH. */
static int walk_new(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w,
		    bool directory)
{
	int error = mem_walk_name(mount, path, w);

	if (!error && w->node)
		error = -EEXIST;
	if (!error && w->must_be_dir && !directory)
		error = -ENOENT;
	return error;
}

static void drop_name(struct mem_walk *w)
{
	struct mem_name *name = mem_name_find(w->dir, w->name, w->length);

	w->node->nlink -= mem_is_dir(w->node) ? 2 : 1;
	mem_name_remove(w->dir, name);
}

static int check_unlink(const struct mem_walk *w, bool directory)
{
	if (!w->node)
		return -ENOENT;
	if (!w->length)
		return directory ? (w->node == w->node->fs->root ? -EBUSY : -ENOTEMPTY) : -EISDIR;
	if (!directory && mem_is_dir(w->node))
		return -EISDIR;
	if ((directory || w->must_be_dir) && !mem_is_dir(w->node))
		return -ENOTDIR;
	return directory && !list_empty(&w->node->order) ? -ENOTEMPTY : 0;
}

int memfs_unlink(struct fs_mount *mount, struct fs_path *path, bool directory)
{
	struct mem_walk w;
	int error = mem_walk_name(mount, path, &w);

	if (!error)
		error = check_unlink(&w, directory);
	if (!error)
		error = memfs_path_of(mount, w.dir, w.name, w.length, path->redirect);
	if (!error)
		drop_name(&w);
	mem_walk_end(mount, &w);
	return error;
}

int memfs_mkdir(struct fs_mount *mount, struct fs_path *path, uint32_t mode)
{
	struct mem_node *node;
	struct mem_walk w;
	int error = walk_new(mount, path, &w, true);

	if (!error)
		error = mem_node_add(&w, S_IFDIR | (mode & MEM_PERMISSIONS), &node);
	mem_walk_end(mount, &w);
	return error;
}

int memfs_mknod(struct fs_mount *mount, struct fs_path *path, uint32_t mode, uint64_t device)
{
	struct mem_node *node;
	struct mem_walk w;
	int error = walk_new(mount, path, &w, false);

	if (!error)
		error = mem_node_add(&w, mode, &node);
	if (!error)
		node->rdev = device;
	mem_walk_end(mount, &w);
	return error;
}

int64_t memfs_readlink(struct fs_mount *mount, struct fs_path *path, char *target, size_t size)
{
	struct mem_walk w;
	int64_t result = mem_walk_existing(mount, path, &w);

	if (!result && !mem_is_link(w.node))
		result = -EINVAL;
	if (!result) {
		result = (int64_t)MIN(size, strlen(w.node->target));
		memcpy(target, w.node->target, (size_t)result);
	}
	mem_walk_end(mount, &w);
	return result;
}

int memfs_symlink(struct fs_mount *mount, const char *target, struct fs_path *path)
{
	size_t size = strlen(target) + 1;
	struct mem_node *node;
	struct mem_walk w;
	int error = walk_new(mount, path, &w, false);
	char *copy = kmalloc(size);

	if (!error && !copy)
		error = -ENOSPC;
	if (!error)
		error = mem_node_add(&w, S_IFLNK | 0777, &node);
	if (!error) {
		memcpy(copy, target, size);
		node->target = copy;
		copy = NULL;
	}
	mem_walk_end(mount, &w);
	kfree(copy);
	return error;
}

static int link_walked(struct mem_walk *from, struct mem_walk *to)
{
	int error;

	if (to->node)
		return -EEXIST;
	if (to->must_be_dir)
		return -ENOENT;
	if (mem_is_dir(from->node))
		return -EPERM;
	error = mem_name_add(to->dir, to->name, to->length, from->node);
	if (error)
		return error;
	from->node->nlink++;
	from->node->ctime = memfs_now();
	return 0;
}

int memfs_link(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, int *which)
{
	struct mem_walk a, b = {.text = NULL};
	int error = mem_walk_existing(mount, from, &a);

	if (!error) {
		to->flags |= FS_NOFOLLOW | MEM_NAME_ITSELF;
		error = memfs_walk(mount, to, &b);
		*which = 1;
	}
	if (!error)
		error = link_walked(&a, &b);
	kfree(b.text);
	mem_walk_end(mount, &a);
	return error;
}

int memfs_link_file(struct fs_mount *mount, struct file *file, struct fs_path *to)
{
	struct mem_walk from = {.node = mem_node_of_file(file)}, w;
	int error = mem_walk_name(mount, to, &w);

	if (!error && w.node)
		error = -EEXIST;
	if (!error && (!from.node || from.node->fs != mount->data))
		error = -EXDEV;
	/* Who has lost the last name gets none again; one that never had any may, once. */
	if (!error && !from.node->nlink && !from.node->linkable)
		error = -ENOENT;
	if (!error)
		error = link_walked(&from, &w);
	if (!error)
		from.node->linkable = false;
	mem_walk_end(mount, &w);
	return error;
}

static bool is_below(const struct mem_node *node, const struct mem_node *ancestor)
{
	for (; node->parent != node; node = node->parent)
		if (node == ancestor)
			return true;
	return node == ancestor;
}

/* May what is at B be replaced by what is at A? */
static int check_replace(const struct mem_walk *a, const struct mem_walk *b)
{
	if (mem_is_dir(a->node) && !mem_is_dir(b->node))
		return -ENOTDIR;
	if (!mem_is_dir(a->node) && mem_is_dir(b->node))
		return -EISDIR;
	return mem_is_dir(b->node) && !list_empty(&b->node->order) ? -ENOTEMPTY : 0;
}

/* Slashes behind names of what is no directory. */
static int check_slashes(const struct mem_walk *a, const struct mem_walk *b, bool exchange)
{
	if (exchange && b->must_be_dir && !mem_is_dir(b->node))
		return -ENOTDIR;
	if (mem_is_dir(a->node))
		return 0;
	return a->must_be_dir || (!exchange && b->must_be_dir) ? -ENOTDIR : 0;
}

/* In the order in which Linux finds fault. */
static int check_rename(const struct mem_walk *a, const struct mem_walk *b, unsigned flags)
{
	bool exchange = flags & RENAME_EXCHANGE;
	int error;

	if (!a->length || (b->node && !b->length))
		return -EBUSY;
	if (!a->node || (exchange && !b->node))
		return -ENOENT;
	if (flags & RENAME_NOREPLACE && b->node)
		return -EEXIST;
	error = check_slashes(a, b, exchange);
	if (error)
		return error;
	if (mem_is_dir(a->node) && is_below(b->dir, a->node))
		return -EINVAL;
	if (b->node && mem_is_dir(b->node) && is_below(a->dir, b->node))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return b->node && b->node != a->node && !exchange ? check_replace(a, b) : 0;
}

/* A name's node becomes NODE; link counts of the directories follow. */
static void set_name(struct mem_node *dir, struct mem_name *name, struct mem_node *node)
{
	dir->nlink += (uint64_t)mem_is_dir(node) - (uint64_t)mem_is_dir(name->node);
	name->node = node;
	if (mem_is_dir(node)) {
		node->parent = dir;
		node->name = name;
	}
	dir->mtime = dir->ctime = node->ctime = memfs_now();
}

static int rename_walked(struct mem_walk *a, struct mem_walk *b, unsigned flags)
{
	struct mem_node *node = a->node, *old = b->node;
	int error;

	if (flags & RENAME_EXCHANGE) {
		set_name(a->dir, mem_name_find(a->dir, a->name, a->length), old);
		set_name(b->dir, mem_name_find(b->dir, b->name, b->length), node);
		return 0;
	}
	if (old) {
		old->nlink -= mem_is_dir(old) ? 2 : 1;
		mem_node_get(node);
		set_name(b->dir, mem_name_find(b->dir, b->name, b->length), node);
		mem_node_put(old);
	} else {
		error = mem_name_add(b->dir, b->name, b->length, node);
		if (error)
			return error;
	}
	node->ctime = memfs_now();
	mem_name_remove(a->dir, mem_name_find(a->dir, a->name, a->length));
	return 0;
}

/* What a mount point hangs on stays where it is. */
static bool has_mount_at_or_below(const char *path)
{
	for (const struct fs_mount *mount = vfs_mounts(); mount; mount = mount->next)
		if (path_below(mount->path, path))
			return true;
	return false;
}

int memfs_rename(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, unsigned flags,
		 int *which)
{
	struct mem_walk a, b = {.text = NULL};
	int error = flags & RENAME_WHITEOUT ? -EINVAL : 0;

	if (error)
		return error;
	error = mem_walk_name(mount, from, &a);
	if (!error) {
		to->flags |= FS_NOFOLLOW | MEM_NAME_ITSELF;
		error = memfs_walk(mount, to, &b);
		*which = 1;
	}
	if (!error)
		error = check_rename(&a, &b, flags);
	if (!error)
		error = memfs_path_of(mount, a.dir, a.name, a.length, from->redirect);
	if (!error)
		error = memfs_path_of(mount, b.dir, b.name, b.length, to->redirect);
	if (!error && has_mount_at_or_below(from->redirect))
		error = -EBUSY;
	if (!error && a.node == b.node)
		from->redirect[0] = to->redirect[0] = 0; /* two names of one file: both stay */
	else if (!error)
		error = rename_walked(&a, &b, flags);
	kfree(b.text);
	mem_walk_end(mount, &a);
	return error;
}
