/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls that make, remove and move names. None of them follows its last component. */
#include "file_calls.h"
#include "path_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The name as these calls take it: Linux itself judges the slash behind it, without following. */
static void spot_name(const struct path_spot *spot, char name[NAME_MAX + 2])
{
	snprintf(name, NAME_MAX + 2, "%s%s", spot->name, spot->wants_dir ? "/" : "");
}

/*
 * Walks to a name for a call that works on names. These calls never follow the last component, also
 * not before a slash.
 */
static int64_t walk_to_name(struct file_server *files, struct hostcall *call, struct path_text path,
			    unsigned which, struct path_spot *spot, bool *slash)
{
	struct path_text plain = path;

	while (plain.len > 1 && plain.text[plain.len - 1] == '/')
		plain.len--;
	*slash = plain.len != path.len;
	int64_t result = call_walk(files, call, plain, 0, which, spot);
	if (!result)
		spot->wants_dir = *slash;
	return result;
}

/* 0 when a new name may be made at SPOT, else what Linux says. */
static int64_t check_new_name(const struct path_spot *spot)
{
	struct stat st;

	if (spot->itself)
		return -EEXIST;
	if (spot->dir_fd < 0)
		return -EROFS;
	int err = spot_check_writable(spot);
	if (err && fstatat(spot->dir_fd, spot->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return err;
}

int64_t file_mkdir(struct file_server *files, struct hostcall *call)
{
	struct path_spot spot;
	char name[NAME_MAX + 2];
	bool slash;

	int64_t result = walk_to_name(files, call, call_path(call), 0, &spot, &slash);
	if (result)
		return result;
	result = check_new_name(&spot);
	spot_name(&spot, name);
	if (!result && mkdirat(spot.dir_fd, name, (mode_t)(call->request.arg[0] & 07777)) != 0)
		result = -errno;
	path_spot_close(&spot);
	return result;
}

int64_t file_symlink(struct file_server *files, struct hostcall *call)
{
	struct path_text target, path;
	struct path_spot spot;
	char name[NAME_MAX + 2], text[PATH_MAX];
	bool slash;

	if (!call_two_paths(call, &target, &path))
		return -EBADMSG;
	if (target.len == 0)
		return -ENOENT;
	if (target.len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(text, target.text, target.len);
	text[target.len] = '\0';
	int64_t result = walk_to_name(files, call, path, 1, &spot, &slash);
	if (result)
		return result;
	result = check_new_name(&spot);
	spot_name(&spot, name);
	if (!result && symlinkat(text, spot.dir_fd, name) != 0)
		result = -errno;
	path_spot_close(&spot);
	return result;
}

/* The last component of PATH, without slashes behind it. */
static struct path_text last_component(struct path_text path)
{
	size_t len = 0;

	while (path.len > 0 && path.text[path.len - 1] == '/')
		path.len--;
	while (len < path.len && path.text[path.len - 1 - len] != '/')
		len++;
	return (struct path_text){path.text + path.len - len, len};
}

/* What unlink and rmdir say about a directory that is the path itself (root, ".", mount point). */
static int64_t remove_itself(const struct path_spot *spot, struct path_text path, bool directory)
{
	struct path_text last = last_component(path);

	if (!directory)
		return -EISDIR;
	if (last.len == 1 && last.text[0] == '.')
		return -EINVAL;
	if (last.len == 2 && memcmp(last.text, "..", 2) == 0)
		return -ENOTEMPTY;
	return spot->is_mount_point || spot->path[0] == '\0' ? -EBUSY : -EROFS;
}

int64_t file_unlink(struct file_server *files, struct hostcall *call)
{
	struct path_spot spot;
	char name[NAME_MAX + 2];
	int flags = (int)(call->request.arg[0] & AT_REMOVEDIR);
	bool slash;

	int64_t result = walk_to_name(files, call, call_path(call), 0, &spot, &slash);
	if (result)
		return result;
	spot_name(&spot, name);
	if (spot.itself)
		result = remove_itself(&spot, call_path(call), flags);
	else if (spot.dir_fd < 0)
		result = -ENOENT;
	else
		result = spot_check_writable(&spot);
	if (!result && unlinkat(spot.dir_fd, name, flags) != 0)
		result = -errno;
	if (!result) {
		call->out_size = strlen(spot.path);
		memcpy(call->out, spot.path, call->out_size);
	}
	path_spot_close(&spot);
	return result;
}

/* Are both spots in the same mount? Linux moves and links nothing from one to another. */
static int64_t check_same_mount(const struct path_spot *from, const struct path_spot *to)
{
	if (from->itself || to->itself)
		return -EBUSY;
	if (from->mount != to->mount)
		return -EXDEV;
	if (from->dir_fd < 0)
		return -ENOENT;
	return spot_check_writable(from);
}

/* The paths that have changed places, for what the guest knows of its open directories. */
static void reply_renamed(struct hostcall *call, const struct path_spot *from,
			  const struct path_spot *to)
{
	size_t len = strlen(from->path) + 1;

	memcpy(call->out, from->path, len);
	memcpy(call->out + len, to->path, strlen(to->path));
	call->out_size = len + strlen(to->path);
}

int64_t file_rename(struct file_server *files, struct hostcall *call)
{
	struct path_text old_path, new_path;
	struct path_spot from, to;
	char old_name[NAME_MAX + 2], new_name[NAME_MAX + 2];
	bool slash;

	if (!call_two_paths(call, &old_path, &new_path))
		return -EBADMSG;
	int64_t result = walk_to_name(files, call, old_path, 0, &from, &slash);
	if (result)
		return result;
	result = walk_to_name(files, call, new_path, 1, &to, &slash);
	if (!result) {
		result = check_same_mount(&from, &to);
		spot_name(&from, old_name);
		spot_name(&to, new_name);
		if (!result && syscall(SYS_renameat2, from.dir_fd, old_name, to.dir_fd, new_name,
				       (unsigned)call->request.arg[0]) != 0)
			result = -errno;
		if (!result)
			reply_renamed(call, &from, &to);
		path_spot_close(&to);
	}
	path_spot_close(&from);
	return result;
}

/* What link says about the file that is to get another name. */
static int64_t check_link_from(const struct path_spot *from)
{
	struct stat st;

	if (from->dir_fd < 0)
		return from->itself ? -EPERM : -ENOENT;
	if (fstatat(from->dir_fd, from->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return -errno;
	return from->wants_dir && !S_ISDIR(st.st_mode) ? -ENOTDIR : 0;
}

/* ... and about that name. That directories have no links, linkat() says, after EEXIST. */
static int64_t check_link_to(const struct mount *mount, const struct path_spot *to)
{
	int64_t result = check_new_name(to);

	return !result && mount != to->mount ? -EXDEV : result;
}

/* All that concerns the old path comes before what concerns the new one, as on Linux. */
int64_t file_link(struct file_server *files, struct hostcall *call)
{
	struct path_text old_path, new_path;
	struct path_spot from, to;
	char name[NAME_MAX + 2];
	unsigned follow = call->request.arg[0] & AT_SYMLINK_FOLLOW ? PATH_FOLLOW : 0;
	bool slash;

	if (!call_two_paths(call, &old_path, &new_path))
		return -EBADMSG;
	int64_t result = call_walk(files, call, old_path, follow, 0, &from);
	if (result)
		return result;
	result = check_link_from(&from);
	if (!result)
		result = walk_to_name(files, call, new_path, 1, &to, &slash);
	if (!result) {
		result = check_link_to(from.mount, &to);
		spot_name(&to, name);
		if (!result && linkat(from.dir_fd, from.name, to.dir_fd, name, 0) != 0)
			result = -errno;
		path_spot_close(&to);
	}
	path_spot_close(&from);
	return result;
}

/* An inherited file has no mount, and gets no name: it may lie where the guest may not write. */
int64_t file_flink(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct path_spot to;
	char name[NAME_MAX + 2], from[32];
	bool slash;

	int64_t result = walk_to_name(files, call, call_path(call), 0, &to, &slash);
	if (result)
		return result;
	result = check_link_to(handle->mount, &to);
	spot_name(&to, name);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", handle->fd);
	if (!result && linkat(AT_FDCWD, from, to.dir_fd, name, AT_SYMLINK_FOLLOW) != 0)
		result = -errno;
	path_spot_close(&to);
	return result;
}
