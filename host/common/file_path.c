/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls on the object at a path: attributes, permission, times, size, link target. */
#include "file_calls.h"
#include "file_stat.h"
#include "path_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What a call does with the object: FD is its O_PATH descriptor. */
typedef int64_t object_action(struct hostcall *call, const struct path_spot *spot, int fd);

/* Walks to the existing object at PATH and does ACTION; CHANGES: not on a read-only mount. */
static int64_t with_object(struct file_server *files, struct hostcall *call, struct path_text path,
			   unsigned flags, bool changes, object_action *action)
{
	int64_t result = -ELOOP;

	for (int i = 0; i < WALK_RETRIES; i++) {
		struct path_spot spot;
		int64_t err = call_walk(files, call, path, flags, 0, &spot);
		if (err)
			return err;
		int fd = spot_open_path(&spot, flags & PATH_FOLLOW);
		if (fd >= 0) {
			result = changes ? spot_check_writable(&spot) : 0;
			if (!result)
				result = action(call, &spot, fd);
			close(fd);
		}
		path_spot_close(&spot);
		if (fd != -ESTALE)
			return fd < 0 ? fd : result;
	}
	return result;
}

/* With the path of an O_PATH descriptor, for calls that take no descriptor of that kind. */
static void fd_path(char path[32], int fd)
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

int64_t file_stat(struct file_server *files, struct hostcall *call)
{
	struct path_spot spot;
	unsigned follow = call_follow(call->request.arg[0]);

	for (int i = 0; i < WALK_RETRIES; i++) {
		uint32_t mode = 0;
		int64_t result = call_walk(files, call, call_path(call), follow, 0, &spot);
		if (result)
			return result;
		if (spot.dir_fd >= 0)
			result = reply_stat(call, spot.dir_fd, spot.name, AT_SYMLINK_NOFOLLOW,
					    &mode);
		else if (spot.itself)
			result = reply_stat_synthetic(call, spot.path);
		else
			result = -ENOENT;
		if (result == 0 && spot.dir_fd >= 0 && spot.wants_dir && !S_ISDIR(mode))
			result = -ENOTDIR;
		path_spot_close(&spot);
		bool swapped = S_ISLNK(mode) && (follow || spot.wants_dir);
		if (result)
			call->out_size = 0;
		if (!swapped)
			return result;
	}
	call->out_size = 0;
	return -ELOOP;
}

static int64_t do_statfs(struct hostcall *call, const struct path_spot *spot, int fd)
{
	return reply_statfs(call, fd, spot->mount->readonly);
}

int64_t file_statfs(struct file_server *files, struct hostcall *call)
{
	struct path_spot spot;
	int64_t result = call_walk(files, call, call_path(call), PATH_FOLLOW, 0, &spot);
	if (result)
		return result;
	bool synthetic = spot.dir_fd < 0;
	bool itself = spot.itself;
	path_spot_close(&spot);
	if (synthetic)
		return itself ? reply_statfs_synthetic(call) : -ENOENT;
	return with_object(files, call, call_path(call), PATH_FOLLOW, false, do_statfs);
}

static int64_t do_access(struct hostcall *call, const struct path_spot *spot, int fd)
{
	struct stat st;
	int mode = (int)(call->request.arg[0] & (R_OK | W_OK | X_OK));

	if (syscall(SYS_faccessat2, fd, "", mode, AT_EMPTY_PATH) != 0)
		return -errno;
	if (!(mode & W_OK) || !spot->mount->readonly || fstat(fd, &st) != 0)
		return 0;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode) ? -EROFS : 0;
}

/* A directory of the mount table is there, for reading and searching. */
static int64_t access_synthetic(const struct hostcall *call, const struct path_spot *spot)
{
	if (!spot->itself)
		return -ENOENT;
	return call->request.arg[0] & W_OK ? -EROFS : 0;
}

int64_t file_access(struct file_server *files, struct hostcall *call)
{
	struct path_spot spot;
	unsigned follow = call_follow(call->request.arg[1]);

	int64_t result = call_walk(files, call, call_path(call), follow, 0, &spot);
	if (result)
		return result;
	bool synthetic = spot.dir_fd < 0;
	if (synthetic)
		result = access_synthetic(call, &spot);
	path_spot_close(&spot);
	if (synthetic)
		return result;
	return with_object(files, call, call_path(call), follow, false, do_access);
}

static int64_t do_chmod(struct hostcall *call, const struct path_spot *spot, int fd)
{
	char path[32];
	struct stat st;
	(void)spot;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -EOPNOTSUPP;
	fd_path(path, fd);
	return chmod(path, (mode_t)(call->request.arg[0] & 07777)) ? -errno : 0;
}

int64_t file_chmod(struct file_server *files, struct hostcall *call)
{
	return with_object(files, call, call_path(call), call_follow(call->request.arg[1]), true,
			   do_chmod);
}

static int64_t do_chown(struct hostcall *call, const struct path_spot *spot, int fd)
{
	const uint64_t *arg = call->request.arg;
	(void)spot;
	return fchownat(fd, "", (uid_t)arg[0], (gid_t)arg[1], AT_EMPTY_PATH) ? -errno : 0;
}

int64_t file_chown(struct file_server *files, struct hostcall *call)
{
	return with_object(files, call, call_path(call), call_follow(call->request.arg[2]), true,
			   do_chown);
}

static int64_t do_utimens(struct hostcall *call, const struct path_spot *spot, int fd)
{
	struct hc_time from[2];
	(void)fd;

	memcpy(from, call->payload, sizeof(from));
	struct timespec times[2] = {{from[0].sec, from[0].nsec}, {from[1].sec, from[1].nsec}};
	return utimensat(spot->dir_fd, spot->name, times, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

int64_t file_utimens(struct file_server *files, struct hostcall *call)
{
	struct path_text path = call_path(call);

	if (path.len < 2 * sizeof(struct hc_time))
		return -EBADMSG;
	path.text += 2 * sizeof(struct hc_time);
	path.len -= 2 * sizeof(struct hc_time);
	return with_object(files, call, path, call_follow(call->request.arg[0]), true, do_utimens);
}

static int64_t do_truncate(struct hostcall *call, const struct path_spot *spot, int fd)
{
	char path[32];
	struct stat st;
	(void)spot;

	if (fstat(fd, &st) != 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	fd_path(path, fd);
	return truncate(path, (off_t)call->request.arg[0]) ? -errno : 0;
}

int64_t file_truncate(struct file_server *files, struct hostcall *call)
{
	if ((int64_t)call->request.arg[0] < 0)
		return -EINVAL;
	return with_object(files, call, call_path(call), PATH_FOLLOW, true, do_truncate);
}

int64_t file_readlink(struct file_server *files, struct hostcall *call)
{
	struct path_spot spot;
	int64_t result = call_walk(files, call, call_path(call), 0, 0, &spot);
	if (result)
		return result;
	if (spot.dir_fd < 0)
		result = spot.itself ? -EINVAL : -ENOENT;
	else
		result = readlinkat(spot.dir_fd, spot.name, (char *)call->out, PATH_MAX);
	if (spot.dir_fd >= 0 && result < 0) {
		struct stat st;
		result = -errno;
		if (result == -EINVAL && spot.wants_dir &&
		    fstatat(spot.dir_fd, spot.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISDIR(st.st_mode))
			result = -ENOTDIR;
	}
	path_spot_close(&spot);
	call->out_size = result > 0 ? (size_t)result : 0;
	return result;
}
