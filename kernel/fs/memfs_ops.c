/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory file systems: attributes by path, the table of operations, mounting. */
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

static int memfs_stat(struct fs_mount *mount, struct fs_path *path, file_stat_t *stat)
{
	struct mem_walk w;
	int error = mem_walk_existing(mount, path, &w);

	if (!error)
		mem_node_stat(w.node, stat);
	mem_walk_end(mount, &w);
	return error;
}

static int memfs_resolve_dir(struct fs_mount *mount, struct fs_path *path, char *resolved)
{
	struct mem_walk w;
	int error = mem_walk_existing(mount, path, &w);

	if (!error)
		error = mem_is_dir(w.node) ? memfs_path_of(mount, w.node, NULL, 0, resolved)
					   : -ENOTDIR;
	mem_walk_end(mount, &w);
	return error;
}

/* The application is its own root: only execution depends on the mode. */
static int memfs_access(struct fs_mount *mount, struct fs_path *path, unsigned mode)
{
	struct mem_walk w;
	int error = mem_walk_existing(mount, path, &w);

	if (!error && mode & 1 && mem_is_file(w.node) && !(w.node->mode & 0111))
		error = -EACCES;
	mem_walk_end(mount, &w);
	return error;
}

static int memfs_chmod(struct fs_mount *mount, struct fs_path *path, uint32_t mode)
{
	struct mem_walk w;
	int error = mem_walk_existing(mount, path, &w);

	if (!error && mem_is_link(w.node))
		error = -EOPNOTSUPP;
	if (!error) {
		w.node->mode = (w.node->mode & S_IFMT) | (mode & MEM_PERMISSIONS);
		w.node->ctime = memfs_now();
	}
	mem_walk_end(mount, &w);
	return error;
}

static int memfs_chown(struct fs_mount *mount, struct fs_path *path, uint32_t uid, uint32_t gid)
{
	struct mem_walk w;
	int error = mem_walk_existing(mount, path, &w);

	if (!error) {
		w.node->uid = uid == UINT32_MAX ? w.node->uid : uid;
		w.node->gid = gid == UINT32_MAX ? w.node->gid : gid;
		w.node->ctime = memfs_now();
	}
	mem_walk_end(mount, &w);
	return error;
}

static int memfs_utimens(struct fs_mount *mount, struct fs_path *path,
			 const struct hc_time times[2])
{
	struct mem_walk w;
	int error = mem_walk_existing(mount, path, &w);

	if (!error)
		mem_node_set_times(w.node, times);
	mem_walk_end(mount, &w);
	return error;
}

static int memfs_truncate(struct fs_mount *mount, struct fs_path *path, uint64_t size)
{
	struct mem_walk w;
	int error = mem_walk_existing(mount, path, &w);

	if (!error && !mem_is_file(w.node))
		error = mem_is_dir(w.node) ? -EISDIR : -EINVAL;
	if (!error)
		error = mem_file_truncate(w.node, size);
	mem_walk_end(mount, &w);
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
	int error = mem_walk_existing(mount, path, &w);

	mem_walk_end(mount, &w);
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
	.link_file = memfs_link_file,
	.rename = memfs_rename,
	.access = memfs_access,
	.chmod = memfs_chmod,
	.chown = memfs_chown,
	.utimens = memfs_utimens,
	.truncate = memfs_truncate,
	.statfs = memfs_statfs,
};

struct memfs *memfs_of_mount(const struct fs_mount *mount)
{
	return mount->ops == &memfs_ops ? mount->data : NULL;
}

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
	return memfd_init();
}
