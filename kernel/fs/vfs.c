/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The name space: mounts, current directory, and operations on paths. The list of mounts does not
 * change after the start. cwd_lock guards the current directory.
 */
#include <fs/vfs.h>

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <fs/path.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <mm/heap.h>
#include <sched/mutex.h>

#define REDIRECTS_MAX 40

static struct fs_mount *mounts; /* longest path first */
static struct mutex cwd_lock;
static char cwd[FS_PATH_MAX + 1] GUARDED_BY(cwd_lock);

void vfs_init(void)
{
	mutex_init(&cwd_lock);
	vfs_cwd_set("/");
}

void vfs_mount(struct fs_mount *mount)
{
	struct fs_mount **at = &mounts;

	while (*at && strlen((*at)->path) > strlen(mount->path))
		at = &(*at)->next;
	mount->next = *at;
	*at = mount;
}

const struct fs_mount *vfs_mounts(void)
{
	return mounts;
}

struct fs_mount *vfs_mount_of(const char *path)
{
	struct fs_mount *mount = mounts;

	while (mount && !path_below(path, mount->path))
		mount = mount->next;
	ASSERT(mount); /* there is always a root */
	return mount;
}

void vfs_cwd_get(char *path)
{
	mutex_lock(&cwd_lock);
	strlcpy(path, cwd, FS_PATH_MAX + 1);
	mutex_unlock(&cwd_lock);
}

void vfs_cwd_set(const char *path)
{
	mutex_lock(&cwd_lock);
	strlcpy(cwd, path, sizeof(cwd));
	mutex_unlock(&cwd_lock);
}

void vfs_moved(const char *from, const char *to, bool exchange)
{
	file_paths_moved(from, to, exchange);
	mutex_lock(&cwd_lock);
	if (!file_path_move(cwd, sizeof(cwd), from, to) && exchange)
		(void)file_path_move(cwd, sizeof(cwd), to, from);
	mutex_unlock(&cwd_lock);
}

void vfs_deleted(const char *path)
{
	static const char mark[] = " (deleted)";
	size_t length;

	file_paths_deleted(path);
	mutex_lock(&cwd_lock);
	length = strlen(cwd);
	if (strcmp(cwd, path) == 0 && length + sizeof(mark) <= sizeof(cwd))
		memcpy(cwd + length, mark, sizeof(mark));
	mutex_unlock(&cwd_lock);
}

static const char *rest_of(const struct fs_mount *mount, const char *full)
{
	return mount->path[1] ? full + strlen(mount->path) : full;
}

/* Goes on with the path that a redirection gave. */
static int follow(char *path, const char *redirect)
{
	return redirect[0] == '/' ? path_join(path, "/", redirect) : -EIO;
}

int64_t vfs_call(struct fs_name *name, unsigned flags, vfs_fn function, void *argument)
{
	for (unsigned i = 0; i < REDIRECTS_MAX; i++) {
		struct fs_mount *mount = vfs_mount_of(name->path);
		struct fs_path path = {
			.full = name->path,
			.rest = rest_of(mount, name->path),
			.flags = flags & (FS_NOFOLLOW | FS_NO_LINKS),
			.redirect = name->redirect,
		};
		int64_t result;

		if ((flags & VFS_MODIFIES) && mount->read_only)
			return -EROFS;
		result = function(mount, &path, argument);
		if (result != FS_REDIRECT)
			return result;
		result = follow(name->path, name->redirect);
		if (result)
			return result;
	}
	return -ELOOP;
}

int64_t vfs_call2(struct fs_name *from, unsigned from_flags, struct fs_name *to, unsigned to_flags,
		  vfs_fn2 function, void *argument)
{
	for (unsigned i = 0; i < REDIRECTS_MAX; i++) {
		struct fs_mount *mount = vfs_mount_of(from->path);
		struct fs_mount *to_mount = vfs_mount_of(to->path);
		struct fs_path paths[2] = {
			{from->path, rest_of(mount, from->path), from_flags, from->redirect},
			{to->path, rest_of(to_mount, to->path), to_flags, to->redirect},
		};
		int which = 0;
		int64_t result;

		if (mount->ops != to_mount->ops || mount->data != to_mount->data)
			return -EXDEV;
		if (to_mount->read_only)
			return -EROFS;
		result = function(mount, &paths[0], &paths[1], &which, argument);
		if (result != FS_REDIRECT)
			return result;
		result =
			which ? follow(to->path, to->redirect) : follow(from->path, from->redirect);
		if (result)
			return result;
	}
	return -ELOOP;
}

struct file_call {
	struct file *file;
};

static int64_t link_file_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	const struct file_call *call = argument;

	return mount->ops->link_file ? mount->ops->link_file(mount, call->file, path) : -EXDEV;
}

int vfs_link_file(struct file *file, struct fs_name *to)
{
	struct file_call call = {file};

	return (int)vfs_call(to, FS_NOFOLLOW | VFS_MODIFIES, link_file_in, &call);
}

static int64_t linked_file_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	struct file_call *call = argument;

	return mount->ops->linked_file ? mount->ops->linked_file(mount, path, &call->file) : 0;
}

int vfs_linked_file(struct fs_name *name, struct file **file)
{
	struct file_call call = {NULL};
	int error = (int)vfs_call(name, 0, linked_file_in, &call);

	*file = call.file;
	return error;
}

struct open_call {
	unsigned flags;
	uint32_t mode;
	struct file **out;
};

static int64_t open_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	const struct open_call *call = argument;

	if (mount->read_only && ((call->flags & O_ACCMODE) != O_RDONLY || call->flags & O_TRUNC))
		return -EROFS;
	return mount->ops->open(mount, path, call->flags, call->mode, call->out);
}

int vfs_open(struct fs_name *name, unsigned flags, uint32_t mode, struct file **out)
{
	struct open_call call = {flags, mode, out};
	bool nofollow = flags & O_NOFOLLOW || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);

	return (int)vfs_call(name, nofollow ? FS_NOFOLLOW : 0, open_in, &call);
}

int vfs_open_exactly(struct fs_name *name, unsigned flags, uint32_t mode, struct file **out)
{
	struct open_call call = {flags, mode, out};

	return (int)vfs_call(name, FS_NOFOLLOW | FS_NO_LINKS, open_in, &call);
}

static int64_t stat_in(struct fs_mount *mount, struct fs_path *path, void *argument)
{
	return mount->ops->stat(mount, path, argument);
}

int vfs_stat(struct fs_name *name, bool follow_link, file_stat_t *stat)
{
	return (int)vfs_call(name, follow_link ? 0 : FS_NOFOLLOW, stat_in, stat);
}
