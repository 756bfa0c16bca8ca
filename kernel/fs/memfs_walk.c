/* SPDX-License-Identifier: BSD-3-Clause */
/* Path resolution in a memory file system (memfs.h). */
#include "memfs.h"

#include <asm/errno.h>
#include <fs/path.h>
#include <lib/string.h>
#include <mm/heap.h>

#define LINKS_MAX 40
#define NAME_MAX  255

int memfs_path_of(const struct fs_mount *mount, const struct mem_node *node, const char *name,
		  size_t length, char *out)
{
	char *at = out + FS_PATH_MAX;
	size_t prefix = mount->path[1] ? strlen(mount->path) : 0;

	*at = 0;
	if (length) {
		if (length + 1 > FS_PATH_MAX)
			return -ENAMETOOLONG;
		at -= length;
		memcpy(at, name, length);
		*--at = '/';
	}
	for (; node->parent != node; node = node->parent) {
		const struct mem_name *here = node->name;

		if ((size_t)(at - out) < here->length + 1ul + prefix)
			return -ENAMETOOLONG;
		at -= here->length;
		memcpy(at, here->name, here->length);
		*--at = '/';
	}
	if ((size_t)(at - out) < prefix)
		return -ENAMETOOLONG;
	at -= prefix;
	memcpy(at, mount->path, prefix);
	if (!*at)
		*--at = '/';
	memmove(out, at, strlen(at) + 1);
	return 0;
}

/* TEXT = what is behind the current name. */
static int redirect_to(struct fs_path *path, const char *start, const char *rest)
{
	size_t length = strlcpy(path->redirect, start, FS_PATH_MAX + 1);

	if (length + 1 + strlen(rest) > FS_PATH_MAX)
		return -ENAMETOOLONG;
	if (*rest) {
		path->redirect[length++] = '/';
		strlcpy(path->redirect + length, rest, FS_PATH_MAX + 1 - length);
	}
	return FS_REDIRECT;
}

/* ".." at the root of the mount: goes on in the directory above it. */
static int leave_upwards(const struct fs_mount *mount, struct fs_path *path, const char *rest)
{
	char *above = kmalloc(FS_PATH_MAX + 1);
	char *slash;
	int result;

	if (!above)
		return -ENOMEM;
	strlcpy(above, mount->path, FS_PATH_MAX + 1);
	slash = strrchr(above, '/');
	slash[slash == above] = 0;
	result = redirect_to(path, above, rest);
	kfree(above);
	return result;
}

/* Does another file system serve what the walk has reached? Then it takes over. */
static int leave_to_mount(const struct fs_mount *mount, struct fs_path *path,
			  const struct mem_walk *w, const char *rest)
{
	char *here = kmalloc(FS_PATH_MAX + 1);
	int result;

	if (!here)
		return -ENOMEM;
	result = memfs_path_of(mount, w->dir, w->name, w->length, here);
	if (!result && vfs_mount_of(here) != mount)
		result = redirect_to(path, here, rest);
	kfree(here);
	return result;
}

static bool has_mount_below(const struct fs_mount *mount)
{
	for (const struct fs_mount *other = vfs_mounts(); other; other = other->next)
		if (other != mount && path_below(other->path, mount->path))
			return true;
	return false;
}

/* Puts the target of link NODE before REST; the walk goes on in w->dir. */
static int expand_link(struct fs_path *path, struct mem_walk *w, const struct mem_node *node,
		       const char *rest, const char **next)
{
	size_t target = strlen(node->target), tail = strlen(rest);
	char *text;

	if (node->target[0] == '/')
		return redirect_to(path, node->target, rest);
	if (target + 1 + tail > FS_PATH_MAX)
		return -ENAMETOOLONG;
	text = kmalloc(target + tail + 2);
	if (!text)
		return -ENOMEM;
	memcpy(text, node->target, target);
	text[target] = '/';
	memcpy(text + target + 1, rest, tail + 1);
	if (!tail && !w->must_be_dir)
		text[target] = 0;
	kfree(w->text);
	w->text = text;
	*next = text;
	return 0;
}

/* Is a symbolic link at the end of the path meant itself? */
static bool stays_link(const struct fs_path *path, const struct mem_walk *w)
{
	return path->flags & FS_NOFOLLOW && (!w->must_be_dir || path->flags & MEM_NAME_ITSELF);
}

/* One name: w->dir is where it is looked up. *NEXT: what is behind it. 0, or -errno / FS_REDIRECT.
 */
static int step(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w, const char **next,
		unsigned *links)
{
	const char *rest = w->name + w->length;
	struct mem_name *found;
	bool last;
	int error;

	while (*rest == '/')
		rest++;
	last = !*rest;
	w->must_be_dir = w->name[w->length] == '/';
	*next = rest;
	if (w->length > NAME_MAX)
		return -ENAMETOOLONG;
	if (w->length == 2 && memcmp(w->name, "..", 2) == 0) {
		if (w->dir->parent == w->dir && mount->path[1])
			return leave_upwards(mount, path, rest);
		w->node = w->dir->parent;
		w->length = 0;
		return 0;
	}
	if (has_mount_below(mount)) {
		error = leave_to_mount(mount, path, w, rest);
		if (error)
			return error;
	}
	found = mem_name_find(w->dir, w->name, w->length);
	w->node = found ? found->node : NULL;
	if (!w->node || !mem_is_link(w->node) || (last && stays_link(path, w)))
		return 0;
	if (++*links > LINKS_MAX || path->flags & FS_NO_LINKS)
		return -ELOOP;
	error = expand_link(path, w, w->node, rest, next);
	w->node = w->dir;
	w->length = 0;
	return error;
}

int memfs_walk(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w)
{
	struct memfs *fs = mount->data;
	const char *next = path->rest;
	unsigned links = 0;

	*w = (struct mem_walk){.dir = fs->root, .node = fs->root};
	while (*next == '/')
		next++;
	w->must_be_dir = true;
	while (*next) {
		int error;

		if (!w->node)
			return -ENOENT;
		if (!mem_is_dir(w->node))
			return -ENOTDIR;
		w->dir = w->node;
		w->name = next;
		w->length = 0;
		while (next[w->length] && next[w->length] != '/')
			w->length++;
		if (w->length == 1 && next[0] == '.') { /* from the target of a link */
			for (next++; *next == '/';)
				next++;
			w->length = 0;
			w->must_be_dir = true;
			continue;
		}
		error = step(mount, path, w, &next, &links);
		if (error)
			return error;
		while (*next == '/')
			next++;
	}
	return 0;
}

int mem_walk_begin(struct fs_mount *mount, struct fs_path *path,
		   struct mem_walk *w) NO_THREAD_SAFETY /* mem_walk_end gives the lock back */
{
	struct memfs *fs = mount->data;

	mutex_lock(&fs->lock);
	return memfs_walk(mount, path, w);
}

/* A name that an operation makes or takes away is meant itself, even with a slash behind it. */
int mem_walk_name(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w)
{
	path->flags |= FS_NOFOLLOW | MEM_NAME_ITSELF;
	return mem_walk_begin(mount, path, w);
}

void mem_walk_end(struct fs_mount *mount, struct mem_walk *w) NO_THREAD_SAFETY
{
	struct memfs *fs = mount->data;

	mutex_unlock(&fs->lock);
	kfree(w->text);
}

/* The node at PATH must be there. */
int mem_walk_existing(struct fs_mount *mount, struct fs_path *path, struct mem_walk *w)
{
	int error = mem_walk_begin(mount, path, w);

	if (!error && !w->node)
		error = -ENOENT;
	if (!error && w->must_be_dir && !mem_is_dir(w->node))
		error = mem_is_link(w->node) ? -ELOOP : -ENOTDIR;
	return error;
}
