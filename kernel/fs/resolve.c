/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Paths that openat2(2) restricts (RESOLVE_*). The walk goes name by name, links are expanded here,
 * and the result is a path without links and "..". Between the walk and the open somebody else may
 * change the tree: the open follows no link any more (FS_NO_LINKS), so that it fails instead of
 * leading elsewhere.
 */
#include <fs/path.h>

#include <asm/errno.h>
#include <lib/string.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <mm/heap.h>

#define LINKS_MAX 40
#define NAME_MAX  255

struct walk {
	struct vfs_resolve *how;
	struct fs_name at;	    /* what is looked at */
	char here[FS_PATH_MAX + 1]; /* the directory that has been reached */
	char rest[FS_PATH_MAX + 1]; /* what is still to be walked */
	char root[FS_PATH_MAX + 1]; /* not to be left; "": there is no such */
	char text[FS_PATH_MAX + 1];
	char name[NAME_MAX + 1]; /* the last name, as HERE does not have it; "" */
	uint64_t device;	 /* RESOLVE_NO_XDEV: the one where it began */
	unsigned links;
	bool last, slash; /* of the current name: nothing else follows; a slash does */
};

/* Is what the walk has come to on another file system than the start? PATH may be w->here. */
static int check_device(struct walk *w, const char *path)
{
	file_stat_t stat;
	int error;

	if (!(w->how->flags & RESOLVE_NO_XDEV))
		return 0;
	strlcpy(w->at.path, path, sizeof(w->at.path));
	error = vfs_stat(&w->at, false, &stat);
	if (!error && !w->device)
		w->device = stat.dev;
	return !error && stat.dev != w->device ? -EXDEV : error;
}

static int jump_to_root(struct walk *w)
{
	if (w->how->flags & RESOLVE_BENEATH)
		return -EXDEV;
	strlcpy(w->here, w->root[0] ? w->root : "/", sizeof(w->here));
	return check_device(w, w->here);
}

static int go_up(struct walk *w)
{
	char *slash = strrchr(w->here, '/');

	if (w->root[0] && strcmp(w->here, w->root) == 0)
		return w->how->flags & RESOLVE_BENEATH ? -EXDEV : 0;
	slash[slash == w->here] = 0;
	return check_device(w, w->here);
}

/* Links of /proc that stand for objects: all but those at its root, which are plain names. */
static bool is_magic(const char *path)
{
	const struct fs_mount *mount = vfs_mount_of(path);

	return strcmp(mount->type, "proc") == 0 && strchr(path + strlen(mount->path) + 1, '/');
}

static int64_t readlink_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return mount->ops->readlink ? mount->ops->readlink(mount, path, argument, FS_PATH_MAX)
				    : -EINVAL;
}

/* The target of the link at w->at.path comes before what is left. */
static int expand(struct walk *w)
{
	int64_t length;
	size_t tail;

	if (w->how->flags & RESOLVE_NO_SYMLINKS || ++w->links > LINKS_MAX)
		return -ELOOP;
	if (is_magic(w->at.path))
		return w->how->flags & RESOLVE_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	length = vfs_call(&w->at, FS_NOFOLLOW, readlink_in, w->text);
	if (length < 0)
		return (int)length;
	tail = strlen(w->rest) + w->slash;
	if (!length || (size_t)length + tail > FS_PATH_MAX)
		return length ? -ENAMETOOLONG : -ENOENT;
	memmove(w->rest + length + w->slash, w->rest, strlen(w->rest) + 1);
	memcpy(w->rest, w->text, (size_t)length);
	if (w->slash)
		w->rest[length] = '/';
	return w->rest[0] == '/' ? jump_to_root(w) : 0;
}

/* The path of w->name in w->here, into w->at.path. */
static int name_path(struct walk *w)
{
	size_t length = strlcpy(w->at.path, w->here, sizeof(w->at.path));

	if (length + 1 + strlen(w->name) > FS_PATH_MAX)
		return -ENAMETOOLONG;
	if (length > 1)
		w->at.path[length++] = '/';
	strlcpy(w->at.path + length, w->name, sizeof(w->at.path) - length);
	return 0;
}

static int enter(struct walk *w)
{
	file_stat_t stat;
	int error = name_path(w);

	if (error)
		return error;
	if (w->last && w->slash && w->how->creates)
		return -EISDIR;
	error = vfs_stat(&w->at, false, &stat);
	if (error)
		return error == -ENOENT && w->last && w->how->creates ? 0 : error;
	error = name_path(w); /* what a redirection may have changed */
	if (error)
		return error;
	w->how->ends_in_link = (stat.mode & S_IFMT) == S_IFLNK;
	if (w->how->ends_in_link && !(w->last && !w->slash && w->how->keeps_link)) {
		w->how->ends_in_link = false;
		error = expand(w);
		w->name[0] = 0;
		return error;
	}
	if (w->how->flags & RESOLVE_NO_XDEV && stat.dev != w->device)
		return -EXDEV;
	if (w->last && !w->slash)
		return 0;
	if ((stat.mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	strlcpy(w->here, w->at.path, sizeof(w->here));
	w->name[0] = 0;
	return 0;
}

/* Takes the next name off w->rest; false at the end. */
static bool next_name(struct walk *w, int *error)
{
	const char *text = w->rest;
	size_t length = 0, skip;

	while (*text == '/')
		text++;
	while (text[length] && text[length] != '/')
		length++;
	*error = length > NAME_MAX ? -ENAMETOOLONG : 0;
	if (!length || *error)
		return false;
	memcpy(w->name, text, length);
	w->name[length] = 0;
	w->slash = text[length] == '/';
	for (skip = length; text[skip] == '/';)
		skip++;
	w->last = !text[skip];
	memmove(w->rest, text + skip, strlen(text + skip) + 1);
	return true;
}

static int walk(struct walk *w)
{
	int error = w->rest[0] == '/' ? jump_to_root(w) : check_device(w, w->here);

	while (!error && next_name(w, &error)) {
		if (strcmp(w->name, ".") == 0 || strcmp(w->name, "..") == 0) {
			if (w->name[1])
				error = go_up(w);
			w->name[0] = 0;
		} else {
			error = enter(w);
		}
	}
	return error ? error : name_path(w);
}

int vfs_resolve(struct fs_name *name, const char *directory, struct vfs_resolve *how)
{
	struct walk *w = kzalloc(sizeof(*w));
	size_t length;
	int error;

	if (!w)
		return -ENOMEM;
	w->how = how;
	strlcpy(w->here, directory, sizeof(w->here));
	if (how->flags & (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		strlcpy(w->root, directory, sizeof(w->root));
	strlcpy(w->rest, name->redirect, sizeof(w->rest));
	error = walk(w);
	length = strlcpy(name->path, w->at.path, sizeof(name->path));
	while (length > 1 && name->path[length - 1] == '/')
		name->path[--length] = 0;
	kfree(w);
	return error;
}
