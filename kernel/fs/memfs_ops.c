/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations of memory file systems on paths. */
#include "memfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <drivers/host_channel.h>
#include <fs/path.h>
#include <lib/string.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <mm/frame.h>
#include <mm/heap.h>

#define PERMISSIONS 07777u

static int walk_begin(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w)
{
	struct memfs *fs = mount->data;

	mutex_lock(&fs->lock);
	return memfs_walk(mount, path, w);
}

/* A name that an operation makes or takes away is meant itself, even with a slash behind it. */
static int walk_begin_name(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w)
{
	path->flags |= FS_NOFOLLOW | MEM_NAME_ITSELF;
	return walk_begin(mount, path, w);
}

static void walk_end(struct fs_mount *mount, struct mem_walk *w)
{
	struct memfs *fs = mount->data;

	mutex_unlock(&fs->lock);
	kfree(w->text);
}

/* The node at PATH must be there. */
static int walk_existing(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w)
{
	int error = walk_begin(mount, path, w);

	if (!error && !w->node)
		error = -ENOENT;
	if (!error && w->must_be_dir && !mem_is_dir(w->node))
		error = mem_is_link(w->node) ? -ELOOP : -ENOTDIR;
	return error;
}

/* A new name is to be made at PATH. */
static int walk_new(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w,
		    bool directory)
{
	int error = walk_begin_name(mount, path, w);

	if (!error && w->node)
		error = -EEXIST;
	if (!error && w->must_be_dir && !directory)
		error = -ENOENT;
	return error;
}

static int add_new(struct mem_walk *w, uint32_t mode, struct mem_node **out)
{
	struct mem_node *node = mem_node_create(w->dir->fs, mode);
	int error;

	if (!node)
		return -ENOSPC;
	error = mem_name_add(w->dir, w->name, w->length, node);
	mem_node_put(node); /* the name holds it now */
	*out = node;
	return error;
}

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
	if (flags & O_TRUNC && write && mem_is_file(w->node))
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
		error = add_new(w, S_IFREG | (mode & PERMISSIONS), &w->node);
	}
	if (!error)
		error = memfs_path_of(mount, mem_is_dir(w->node) ? w->node : w->dir, w->name,
				      mem_is_dir(w->node) ? 0 : w->length, resolved);
	return error ? error : memfs_open_node(w->node, flags, resolved, out);
}

static int memfs_open(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
		      struct file **out)
{
	char *resolved = kmalloc(FS_PATH_MAX + 1);
	struct mem_walk w;
	int error;

	if (!resolved)
		return -ENOMEM;
	error = walk_begin(mount, path, &w);
	if (!error)
		error = open_walked(mount, &w, flags, mode, resolved, out);
	walk_end(mount, &w);
	kfree(resolved);
	return error;
}

static int memfs_stat(struct fs_mount *mount, struct fs_path *path, file_stat_t *stat)
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	if (!error)
		mem_node_stat(w.node, stat);
	walk_end(mount, &w);
	return error;
}

static int memfs_resolve_dir(struct fs_mount *mount, struct fs_path *path, char *resolved)
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	if (!error)
		error = mem_is_dir(w.node) ? memfs_path_of(mount, w.node, NULL, 0, resolved)
					   : -ENOTDIR;
	walk_end(mount, &w);
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

static int memfs_unlink(struct fs_mount *mount, struct fs_path *path, bool directory)
{
	struct mem_walk w;
	int error = walk_begin_name(mount, path, &w);

	if (!error)
		error = check_unlink(&w, directory);
	if (!error)
		error = memfs_path_of(mount, w.dir, w.name, w.length, path->redirect);
	if (!error)
		drop_name(&w);
	walk_end(mount, &w);
	return error;
}

static int memfs_mkdir(struct fs_mount *mount, struct fs_path *path, uint32_t mode)
{
	struct mem_node *node;
	struct mem_walk w;
	int error = walk_new(mount, path, &w, true);

	if (!error)
		error = add_new(&w, S_IFDIR | (mode & PERMISSIONS), &node);
	walk_end(mount, &w);
	return error;
}

static int memfs_mknod(struct fs_mount *mount, struct fs_path *path, uint32_t mode, uint64_t device)
{
	struct mem_node *node;
	struct mem_walk w;
	int error = walk_new(mount, path, &w, false);

	if (!error)
		error = add_new(&w, mode, &node);
	if (!error)
		node->rdev = device;
	walk_end(mount, &w);
	return error;
}

static int64_t memfs_readlink(struct fs_mount *mount, struct fs_path *path, char *target,
			      size_t size)
{
	struct mem_walk w;
	int64_t result = walk_existing(mount, path, &w);

	if (!result && !mem_is_link(w.node))
		result = -EINVAL;
	if (!result) {
		result = (int64_t)MIN(size, strlen(w.node->target));
		memcpy(target, w.node->target, (size_t)result);
	}
	walk_end(mount, &w);
	return result;
}

static int memfs_symlink(struct fs_mount *mount, const char *target, struct fs_path *path)
{
	size_t size = strlen(target) + 1;
	struct mem_node *node;
	struct mem_walk w;
	int error = walk_new(mount, path, &w, false);
	char *copy = kmalloc(size);

	if (!error && !copy)
		error = -ENOSPC;
	if (!error)
		error = add_new(&w, S_IFLNK | 0777, &node);
	if (!error) {
		memcpy(copy, target, size);
		node->target = copy;
		copy = NULL;
	}
	walk_end(mount, &w);
	kfree(copy);
	return error;
}

static int link_walked(struct mem_walk *from, struct mem_walk *to)
{
	int error;

	if (mem_is_dir(from->node))
		return -EPERM;
	if (to->node)
		return -EEXIST;
	if (to->must_be_dir)
		return -ENOENT;
	error = mem_name_add(to->dir, to->name, to->length, from->node);
	if (error)
		return error;
	from->node->nlink++;
	from->node->ctime = memfs_now();
	return 0;
}

static int memfs_link(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, int *which)
{
	struct mem_walk a, b = {.text = NULL};
	int error = walk_existing(mount, from, &a);

	if (!error) {
		to->flags |= FS_NOFOLLOW | MEM_NAME_ITSELF;
		error = memfs_walk(mount, to, &b);
		*which = 1;
	}
	if (!error)
		error = link_walked(&a, &b);
	kfree(b.text);
	walk_end(mount, &a);
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

static int check_rename(const struct mem_walk *a, const struct mem_walk *b, unsigned flags)
{
	if (!a->node)
		return -ENOENT;
	if (!a->length || (b->node && !b->length))
		return -EBUSY;
	if ((a->must_be_dir || b->must_be_dir) && !mem_is_dir(a->node))
		return -ENOTDIR;
	if (flags & RENAME_NOREPLACE && b->node)
		return -EEXIST;
	if (flags & RENAME_EXCHANGE && !b->node)
		return -ENOENT;
	if (mem_is_dir(a->node) && is_below(b->dir, a->node))
		return -EINVAL;
	if (flags & RENAME_EXCHANGE)
		return mem_is_dir(b->node) && is_below(a->dir, b->node) ? -EINVAL : 0;
	if (b->node && mem_is_dir(b->node) && is_below(a->dir, b->node) && a->node != b->node)
		return -ENOTEMPTY;
	return b->node && b->node != a->node ? check_replace(a, b) : 0;
}

/* A name's node becomes NODE; link counts of the directories follow. */
static void set_name(struct mem_node *dir, struct mem_name *name, struct mem_node *node)
{
	dir->nlink += (uint64_t)mem_is_dir(node) - (uint64_t)mem_is_dir(name->node);
	name->node = node;
	if (mem_is_dir(node))
		node->parent = dir;
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
	if (mem_is_dir(node))
		node->parent = b->dir;
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

static int memfs_rename(struct fs_mount *mount, struct fs_path *from, struct fs_path *to,
			unsigned flags, int *which)
{
	struct mem_walk a, b = {.text = NULL};
	int error = flags & RENAME_WHITEOUT ? -EINVAL : 0;

	if (error)
		return error;
	error = walk_begin_name(mount, from, &a);
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
	walk_end(mount, &a);
	return error;
}

/* The application is its own root: only execution depends on the mode. */
static int memfs_access(struct fs_mount *mount, struct fs_path *path, unsigned mode)
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	if (!error && mode & 1 && mem_is_file(w.node) && !(w.node->mode & 0111))
		error = -EACCES;
	walk_end(mount, &w);
	return error;
}

static int memfs_chmod(struct fs_mount *mount, struct fs_path *path, uint32_t mode)
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	if (!error && mem_is_link(w.node))
		error = -EOPNOTSUPP;
	if (!error) {
		w.node->mode = (w.node->mode & S_IFMT) | (mode & PERMISSIONS);
		w.node->ctime = memfs_now();
	}
	walk_end(mount, &w);
	return error;
}

static int memfs_chown(struct fs_mount *mount, struct fs_path *path, uint32_t uid, uint32_t gid)
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	if (!error) {
		w.node->uid = uid == UINT32_MAX ? w.node->uid : uid;
		w.node->gid = gid == UINT32_MAX ? w.node->gid : gid;
		w.node->ctime = memfs_now();
	}
	walk_end(mount, &w);
	return error;
}

static int memfs_utimens(struct fs_mount *mount, struct fs_path *path,
			 const struct hc_time times[2])
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	if (!error)
		mem_node_set_times(w.node, times);
	walk_end(mount, &w);
	return error;
}

static int memfs_truncate(struct fs_mount *mount, struct fs_path *path, uint64_t size)
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	if (!error && !mem_is_file(w.node))
		error = mem_is_dir(w.node) ? -EISDIR : -EINVAL;
	if (!error)
		error = mem_file_truncate(w.node, size);
	walk_end(mount, &w);
	return error;
}

void memfs_fill_statfs(struct hc_statfs *statfs)
{
	struct mm_frame_stats frames;

	mm_frame_stats(&frames);
	*statfs = (struct hc_statfs){
		.type = TMPFS_MAGIC,
		.bsize = PAGE_SIZE,
		.blocks = frames.total,
		.bfree = frames.free,
		.bavail = frames.free,
		.files = frames.total,
		.ffree = frames.free,
		.namelen = 255,
		.frsize = PAGE_SIZE,
	};
}

static int memfs_statfs(struct fs_mount *mount, struct fs_path *path, struct hc_statfs *statfs)
{
	struct mem_walk w;
	int error = walk_existing(mount, path, &w);

	walk_end(mount, &w);
	if (!error)
		memfs_fill_statfs(statfs);
	return error;
}

static const struct fs_ops memfs_ops = {
	.open = memfs_open,
	.stat = memfs_stat,
	.resolve_dir = memfs_resolve_dir,
	.unlink = memfs_unlink,
	.mkdir = memfs_mkdir,
	.mknod = memfs_mknod,
	.readlink = memfs_readlink,
	.symlink = memfs_symlink,
	.link = memfs_link,
	.rename = memfs_rename,
	.access = memfs_access,
	.chmod = memfs_chmod,
	.chown = memfs_chown,
	.utimens = memfs_utimens,
	.truncate = memfs_truncate,
	.statfs = memfs_statfs,
};

struct memfs *memfs_create(const char *type)
{
	static _Atomic uint64_t next_device = 0x1f;
	struct memfs *fs = kzalloc(sizeof(*fs));

	if (!fs)
		return NULL;
	mutex_init(&fs->lock);
	fs->next_ino = 1;
	fs->device = atomic_fetch_add(&next_device, 1);
	fs->type = type;
	fs->root = mem_node_create(fs, S_IFDIR | 01777);
	if (!fs->root) {
		kfree(fs);
		return NULL;
	}
	return fs;
}

int memfs_mount_at(struct memfs *fs, const char *path)
{
	struct fs_mount *mount = kzalloc(sizeof(*mount));

	if (!mount)
		return -ENOMEM;
	*mount = (struct fs_mount){.path = path, .type = fs->type, .ops = &memfs_ops, .data = fs};
	vfs_mount(mount);
	return 0;
}

int memfs_mount(const char *path, const char *type)
{
	struct memfs *fs = memfs_create(type);

	return fs ? memfs_mount_at(fs, path) : -ENOMEM;
}

int memfs_add_node(struct memfs *fs, const char *name, uint32_t mode, uint64_t rdev,
		   const char *target)
{
	struct mem_node *node = mem_node_create(fs, mode);
	int error;

	if (!node)
		return -ENOMEM;
	node->rdev = rdev;
	if (target) {
		node->target = kmalloc(strlen(target) + 1);
		if (node->target)
			memcpy(node->target, target, strlen(target) + 1);
	}
	error = target && !node->target ? -ENOMEM
					: mem_name_add(fs->root, name, strlen(name), node);
	mem_node_put(node);
	return error;
}

int memfs_init(void)
{
	return 0;
}
