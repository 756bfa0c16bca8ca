/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Directories that mounts hang on. A mount needs none to work, but programs look at every directory
 * on the way to it: realpath(3), ls, mkdir -p. So each memory file system gets those that lead to
 * the mounts below it, such as /tmp/a and /tmp/a/b in /tmp where the host serves /tmp/a/b.
 */
#include <asm/errno.h>
#include <fs/path.h>
#include <lib/string.h>
#include <linux/stat.h>
#include <mm/heap.h>

#include "memfs.h"

/* The mount that PATH hangs on. */
static struct fs_mount *mount_above(const char *path)
{
	char *above = kmalloc(FS_PATH_MAX + 1);
	struct fs_mount *mount;
	char *slash;

	if (!above)
		return NULL;
	strlcpy(above, path, FS_PATH_MAX + 1);
	slash = strrchr(above, '/');
	slash[slash == above] = 0;
	mount = vfs_mount_of(above);
	kfree(above);
	return mount;
}

/* Directory NAME in DIR, which is made when it is not there. NULL: no memory, or no directory. */
static struct mem_node *make_dir(struct mem_node *dir, const char *name, size_t length)
{
	struct mem_name *found = mem_name_find(dir, name, length);
	struct mem_node *node;
	int error;

	if (found)
		return mem_is_dir(found->node) ? found->node : NULL;
	node = mem_node_create(dir->fs, S_IFDIR | 0755);
	if (!node)
		return NULL;
	error = mem_name_add(dir, name, length, node);
	mem_node_put(node); /* the name holds it now */
	return error ? NULL : node;
}

/* Makes all directories of REST ("/a/b"). 0 or -ENOMEM. */
static int make_dirs(struct memfs *fs, const char *rest)
{
	struct mem_node *dir = fs->root;

	mutex_lock(&fs->lock);
	while (dir && *rest) {
		size_t length = 0;

		while (*rest == '/')
			rest++;
		while (rest[length] && rest[length] != '/')
			length++;
		if (length)
			dir = make_dir(dir, rest, length);
		rest += length;
	}
	mutex_unlock(&fs->lock);
	return dir ? 0 : -ENOMEM;
}

int memfs_make_mount_points(void)
{
	int error = 0;

	for (const struct fs_mount *mount = vfs_mounts(); mount && !error; mount = mount->next) {
		const struct fs_mount *above = mount->path[1] ? mount_above(mount->path) : NULL;
		struct memfs *fs = above ? memfs_of_mount(above) : NULL;

		if (fs)
			error = make_dirs(fs, above->path[1] ? mount->path + strlen(above->path)
							     : mount->path);
	}
	return error;
}
