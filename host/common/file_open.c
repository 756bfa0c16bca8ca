/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HC_OPEN. The file is looked at before it is opened: a FIFO must not block the server (a thread
 * opens it), devices are not opened at all, and a read-only mount has its own answers. The open
 * itself follows nothing, so that a link which somebody puts there meanwhile leads nowhere.
 */
#include "file_calls.h"
#include "host_job.h"
#include "path_call.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the guest's flags these reach the host. */
#define FLAGS_PASSED                                                                               \
	(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DSYNC | O_SYNC | O_DIRECTORY |      \
	 O_NOATIME | O_PATH | O_TMPFILE)
/* These are always set: no waiting, no following, nothing inherited, no controlling terminal. */
#define FLAGS_ALWAYS (O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

static bool wants_write(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) ||
	       (flags & O_TMPFILE) == O_TMPFILE;
}

/* Fills the reply and gives FD (-1: a directory of the mount table) a handle. MOUNT may be NULL. */
static int64_t open_finish(struct file_server *files, const struct mount *mount, const char *path,
			   bool readonly, int fd, uint64_t val[2])
{
	struct handle *handle = handle_new(fd);

	if (!handle)
		return -ENOMEM;
	if (readonly)
		handle->attributes |= HC_HANDLE_READONLY;
	handle->mount = mount;
	/* Without it the handle works, but not in a checkpoint. */
	handle->opened = strdup(path[0] ? path : "/");
	bool merges = mount_table_has_below(files->mounts, path, strlen(path));
	if ((handle->attributes & HC_HANDLE_DIR) && (merges || fd < 0)) {
		handle->path = strdup(path);
		if (!handle->path) {
			handle_put(handle);
			return -ENOMEM;
		}
	}
	val[0] = handle->attributes;
	val[1] = handle->mode;
	return handle_table_add(&files->handles, handle);
}

static size_t put_path(uint8_t *out, const char *path)
{
	const char *text = path[0] ? path : "/";
	memcpy(out, text, strlen(text));
	return strlen(text);
}

/* A directory of the mount table. */
static int64_t open_synthetic(struct file_server *files, struct hostcall *call,
			      const struct path_spot *spot, int flags)
{
	if (!spot->itself)
		return flags & O_CREAT ? -EROFS : -ENOENT;
	if ((flags & O_CREAT) || (flags & O_ACCMODE) != O_RDONLY)
		return flags & O_EXCL ? -EEXIST : -EISDIR;
	int64_t result = open_finish(files, NULL, spot->path, true, -1, call->val);
	if (result >= 0)
		call->out_size = put_path(call->out, spot->path);
	return result;
}

static int64_t fifo_work(struct host_job *job)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", job->fd);
	int fd = open(path, (int)job->arg);
	return fd < 0 ? -errno : fd;
}

static int64_t fifo_finish(struct host_job *job, int64_t result)
{
	if (result < 0)
		return result;
	fcntl((int)result, F_SETFL, fcntl((int)result, F_GETFL) | O_NONBLOCK);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%.*s", (int)job->deferred.out_size, (const char *)job->out);
	return open_finish(job->files, NULL, path, job->data[0], (int)result, job->deferred.val);
}

/* Waits for the other end of the FIFO at SPOT in a thread of its own. */
static int64_t open_fifo(struct file_server *files, struct hostcall *call,
			 const struct path_spot *spot, int flags)
{
	int fd = spot_open_path(spot, true);
	if (fd < 0)
		return fd;
	struct host_job *job = host_job_new(files, NULL);
	if (!job) {
		close(fd);
		return -ENOMEM;
	}
	job->fd = fd;
	job->arg = (uint64_t)((flags & O_ACCMODE) | O_CLOEXEC);
	job->data[0] = spot->mount->readonly;
	job->work = fifo_work;
	job->finish = fifo_finish;
	job->interruptible = true;
	job->deferred.out = job->out;
	job->deferred.out_size = put_path(job->out, spot->path);
	return host_job_start(job, call);
}

/* What a read-only mount says about opening what is there (EXISTS, ST) or is not. */
static int check_readonly(int flags, bool exists, const struct stat *st)
{
	if (!exists)
		return flags & O_CREAT ? -EROFS : 0;
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return -EEXIST;
	if (S_ISDIR(st->st_mode) && (flags & O_TMPFILE) != O_TMPFILE &&
	    ((flags & O_CREAT) || (flags & O_ACCMODE) != O_RDONLY))
		return -EISDIR;
	return wants_write(flags) ? -EROFS : 0;
}

static bool is_device(mode_t mode)
{
	return S_ISCHR(mode) || S_ISBLK(mode);
}

/* Opens; the descriptor is checked again, whatever was there a moment ago. */
static int64_t open_checked(const struct path_spot *spot, int flags, mode_t mode)
{
	struct stat st;
	int fd = openat(spot->dir_fd, spot->name, flags | FLAGS_ALWAYS, mode);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || (is_device(st.st_mode) && !(flags & O_PATH)) ||
	    (spot->mount->plain_only && fd_is_pseudo(fd))) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

/* Host flags for the guest's: what O_PATH leaves, and directories where they are asked for. */
static int host_flags(const struct hostcall *call, const struct path_spot *spot)
{
	int flags = (int)call->request.arg[0] & FLAGS_PASSED;
	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY;
	if ((call->request.arg[2] & HC_OPEN_DIR_ONLY) || spot->wants_dir)
		flags |= O_DIRECTORY;
	return flags;
}

/* One attempt. -ESTALE: a link has come up where none was. */
static int64_t open_at(struct file_server *files, struct hostcall *call,
		       const struct path_spot *spot, bool follow)
{
	struct stat st = {0};
	int flags = host_flags(call, spot);

	if (spot->dir_fd < 0)
		return open_synthetic(files, call, spot, flags);
	bool creates = (flags & O_CREAT) && !(flags & O_PATH);
	if (creates && (spot->wants_dir || (spot->itself && !(flags & O_EXCL))))
		return -EISDIR;
	bool exists = fstatat(spot->dir_fd, spot->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (spot->mount->readonly && !(flags & O_PATH)) {
		int err = check_readonly(flags, exists, &st);
		if (err)
			return err;
		flags &= ~(O_CREAT | O_EXCL | O_TRUNC);
	}
	if (exists && S_ISLNK(st.st_mode) && follow)
		return -ESTALE;
	if (exists && !(flags & (O_PATH | O_DIRECTORY)) &&
	    !((flags & O_CREAT) && (flags & O_EXCL))) {
		if (is_device(st.st_mode))
			return -EACCES;
		if (S_ISFIFO(st.st_mode) && (flags & O_ACCMODE) != O_RDWR &&
		    !(call->request.arg[0] & O_NONBLOCK))
			return open_fifo(files, call, spot, flags);
	}
	int64_t fd = open_checked(spot, flags, (mode_t)(call->request.arg[1] & 07777));
	if (fd == -ELOOP && follow)
		return -ESTALE;
	if (fd < 0)
		return fd;
	int64_t result = open_finish(files, spot->mount, spot->path, spot->mount->readonly, (int)fd,
				     call->val);
	if (result >= 0)
		call->out_size = put_path(call->out, spot->path);
	return result;
}

int64_t file_open(struct file_server *files, struct hostcall *call)
{
	uint64_t flags = call->request.arg[0];
	bool exclusive = (flags & O_CREAT) && (flags & O_EXCL);
	bool no_links = call->request.arg[2] & HC_OPEN_NO_LINKS;
	bool follow = !(flags & O_NOFOLLOW) && !exclusive && !no_links;
	unsigned walk_flags = (follow ? PATH_FOLLOW : 0) | (no_links ? PATH_NO_LINKS : 0);

	for (int i = 0; i < WALK_RETRIES; i++) {
		struct path_spot spot;
		int64_t result = call_walk(files, call, call_path(call), walk_flags, 0, &spot);
		if (result)
			return result;
		result = open_at(files, call, &spot, follow);
		path_spot_close(&spot);
		if (result != -ESTALE)
			return result;
	}
	return -ELOOP;
}
