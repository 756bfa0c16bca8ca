/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths of the host: the proxy resolves them and checks every access (docs/host-files.md). */
#include "hostfs.h"

#include <asm/errno.h>
#include <asm/fcntl.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/fcntl.h>
#include <mm/heap.h>

#include "pagecache.h"

/*
 * Sends CALL with path->full behind the other payload. The reply's payload lands in path->redirect
 * (FS_PATH_MAX bytes and a NUL); call->in_size is its length.
 */
static int64_t path_call(struct host_call *call, struct fs_path *path)
{
	unsigned i = 0;
	int64_t result;

	while (call->out[i].size)
		i++;
	ASSERT(i < ARRAY_SIZE(call->out));
	call->out[i] = (struct host_buffer){path->full, strlen(path->full)};
	call->in = path->redirect;
	call->in_capacity = FS_PATH_MAX;
	result = host_call(call);
	if (result == HC_REDIRECT && (!call->in_size || call->in_size > FS_PATH_MAX))
		return -EIO;
	path->redirect[MIN(call->in_size, (size_t)FS_PATH_MAX)] = 0;
	return result;
}

static uint64_t nofollow(const struct fs_path *path)
{
	return path->flags & FS_NOFOLLOW ? HC_NOFOLLOW : 0;
}

static int path_open(struct fs_mount *mount, struct fs_path *path, unsigned flags, uint32_t mode,
		     struct file **out)
{
	struct host_call call = {
		.op = HC_OPEN,
		.arg = {flags & ~(unsigned)O_CLOEXEC, mode,
			path->flags & FS_NO_LINKS ? HC_OPEN_NO_LINKS : 0},
	};
	int64_t result = path_call(&call, path);
	file_stat_t stat;

	(void)mount;
	if (result < 0)
		return (int)result;
	*out = hostfs_file_create((uint32_t)result, (uint32_t)call.val[0], flags, path->redirect);
	if (*out && flags & O_TRUNC && pagecache_in_use() && !hostfs_fstat(*out, &stat))
		pagecache_after_truncate(&stat);
	return *out ? 0 : -ENOMEM;
}

static int path_stat(struct fs_mount *mount, struct fs_path *path, file_stat_t *stat)
{
	struct host_call call = {.op = HC_STAT, .arg = {nofollow(path)}};
	int64_t result = path_call(&call, path);

	(void)mount;
	if (result < 0)
		return (int)result;
	if (call.in_size != sizeof(*stat))
		return -EIO;
	memcpy(stat, path->redirect, sizeof(*stat));
	return 0;
}

/* Opening a directory gives its resolved path. */
static int path_resolve_dir(struct fs_mount *mount, struct fs_path *path, char *resolved)
{
	struct host_call call = {.op = HC_OPEN, .arg = {O_PATH | O_DIRECTORY, 0, HC_OPEN_DIR_ONLY}};
	int64_t result = path_call(&call, path);

	(void)mount;
	if (result < 0)
		return (int)result;
	strlcpy(resolved, path->redirect, FS_PATH_MAX + 1);
	host_close((uint32_t)result);
	return 0;
}

static int simple(struct fs_path *path, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct host_call call = {.op = (uint16_t)op, .arg = {a0, a1, a2}};
	int64_t result = path_call(&call, path);

	return result > 0 ? 0 : (int)result;
}

static int path_unlink(struct fs_mount *mount, struct fs_path *path, bool directory)
{
	(void)mount;
	return simple(path, HC_UNLINK, directory ? AT_REMOVEDIR : 0, 0, 0);
}

static int path_mkdir(struct fs_mount *mount, struct fs_path *path, uint32_t mode)
{
	(void)mount;
	return simple(path, HC_MKDIR, mode, 0, 0);
}

static int64_t path_readlink(struct fs_mount *mount, struct fs_path *path, char *target,
			     size_t size)
{
	struct host_call call = {.op = HC_READLINK};
	int64_t result = path_call(&call, path);

	(void)mount;
	if (result < 0)
		return result;
	size = MIN(size, MIN(call.in_size, (size_t)FS_PATH_MAX));
	memcpy(target, path->redirect, size);
	return (int64_t)size;
}

static int path_symlink(struct fs_mount *mount, const char *target, struct fs_path *path)
{
	struct host_call call = {.op = HC_SYMLINK, .out = {{target, strlen(target) + 1}}};
	int64_t result = path_call(&call, path);

	(void)mount;
	return result > 0 ? 0 : (int)result;
}

/* Room for the reply to a call with two paths, and a NUL. */
#define TWO_PATHS_MAX (2 * FS_PATH_MAX + 1)

/* REPLY: one path for a redirection, two with a NUL between them after success (or nothing). */
static int two_paths_reply(const struct host_call *call, int64_t result, char *reply,
			   struct fs_path *from, struct fs_path *to, int *which)
{
	size_t first;

	if (call->in_size > TWO_PATHS_MAX)
		return -EIO;
	reply[call->in_size] = 0;
	first = strlen(reply);
	if (result == HC_REDIRECT) {
		*which = call->val[0] == 1;
		if (!first || first > FS_PATH_MAX)
			return -EIO;
		strlcpy(*which ? to->redirect : from->redirect, reply, FS_PATH_MAX + 1);
		return FS_REDIRECT;
	}
	strlcpy(from->redirect, reply, FS_PATH_MAX + 1);
	strlcpy(to->redirect, first < call->in_size ? reply + first + 1 : "", FS_PATH_MAX + 1);
	return 0;
}

static int two_paths(unsigned op, uint64_t flags, struct fs_path *from, struct fs_path *to,
		     int *which)
{
	char *reply = kmalloc(TWO_PATHS_MAX + 1);
	struct host_call call = {
		.op = (uint16_t)op,
		.arg = {flags},
		.out = {{from->full, strlen(from->full) + 1}, {to->full, strlen(to->full)}},
		.in = reply,
		.in_capacity = TWO_PATHS_MAX,
	};
	int64_t result = reply ? host_call(&call) : -ENOMEM;

	if (result >= 0 || result == HC_REDIRECT)
		result = two_paths_reply(&call, result, reply, from, to, which);
	kfree(reply);
	return (int)result;
}

static int path_link(struct fs_mount *mount, struct fs_path *from, struct fs_path *to, int *which)
{
	(void)mount;
	return two_paths(HC_LINK, from->flags & FS_NOFOLLOW ? 0 : AT_SYMLINK_FOLLOW, from, to,
			 which);
}

static int path_link_file(struct fs_mount *mount, struct file *file, struct fs_path *to)
{
	struct host_call call = {.op = HC_FLINK};
	int64_t result;

	(void)mount;
	if (!hostfs_is_file(file))
		return -EXDEV;
	call.handle = host_file_of(file)->handle;
	result = path_call(&call, to);
	return result > 0 ? 0 : (int)result;
}

static int path_rename(struct fs_mount *mount, struct fs_path *from, struct fs_path *to,
		       unsigned flags, int *which)
{
	(void)mount;
	return two_paths(HC_RENAME, flags, from, to, which);
}

static int path_access(struct fs_mount *mount, struct fs_path *path, unsigned mode)
{
	(void)mount;
	return simple(path, HC_ACCESS, mode, nofollow(path), 0);
}

static int path_chmod(struct fs_mount *mount, struct fs_path *path, uint32_t mode)
{
	(void)mount;
	return simple(path, HC_CHMOD, mode, nofollow(path), 0);
}

static int path_chown(struct fs_mount *mount, struct fs_path *path, uint32_t uid, uint32_t gid)
{
	(void)mount;
	return simple(path, HC_CHOWN, uid, gid, nofollow(path));
}

static int path_utimens(struct fs_mount *mount, struct fs_path *path, const struct hc_time times[2])
{
	struct host_call call = {
		.op = HC_UTIMENS,
		.arg = {nofollow(path)},
		.out = {{times, 2 * sizeof(times[0])}},
	};
	int64_t result = path_call(&call, path);

	(void)mount;
	return result > 0 ? 0 : (int)result;
}

static int path_truncate(struct fs_mount *mount, struct fs_path *path, uint64_t size)
{
	int error = simple(path, HC_TRUNCATE, size, 0, 0);
	file_stat_t stat;

	if (!error && pagecache_in_use() && !path_stat(mount, path, &stat))
		pagecache_after_truncate(&stat);
	return error;
}

static int path_statfs(struct fs_mount *mount, struct fs_path *path, struct hc_statfs *statfs)
{
	struct host_call call = {.op = HC_STATFS};
	int64_t result = path_call(&call, path);

	(void)mount;
	if (result < 0)
		return (int)result;
	if (call.in_size != sizeof(*statfs))
		return -EIO;
	memcpy(statfs, path->redirect, sizeof(*statfs));
	return 0;
}

static int path_mknod(struct fs_mount *mount, struct fs_path *path, uint32_t mode, uint64_t device)
{
	(void)mount;
	(void)path;
	(void)mode;
	(void)device;
	return -EPERM; /* no device or FIFO is made on the host */
}

const struct fs_ops hostfs_ops = {
	.open = path_open,
	.stat = path_stat,
	.resolve_dir = path_resolve_dir,
	.unlink = path_unlink,
	.mkdir = path_mkdir,
	.mknod = path_mknod,
	.readlink = path_readlink,
	.symlink = path_symlink,
	.link = path_link,
	.link_file = path_link_file,
	.rename = path_rename,
	.access = path_access,
	.chmod = path_chmod,
	.chown = path_chown,
	.utimens = path_utimens,
	.truncate = path_truncate,
	.statfs = path_statfs,
};
