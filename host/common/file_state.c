/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See file_state.h. What makes a file the same: one that the guest only reads must have size and
 * time of its contents; one that it writes must be the same inode and not shorter, since the guest
 * itself may have written to it after the checkpoint.
 */
#include "file_state.h"

#include "file_calls.h"
#include "host_time.h"
#include "path_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STD_HANDLES 3u

/* Flags of an open file that it is opened with again. */
#define FLAGS_KEPT (O_ACCMODE | O_APPEND | O_DSYNC | O_SYNC | O_NOATIME | O_PATH | O_DIRECTORY)

struct file_record {
	uint32_t handle;
	uint32_t flags; /* O_* */
	uint32_t mode;	/* st_mode */
	uint32_t lock;	/* LOCK_SH, LOCK_EX or 0 */
	uint64_t offset, dev, ino, size, mtime_ns;
	uint64_t dir_synthetic;
	uint32_t dir_host_done;
	uint32_t has_path; /* 0: a standard handle */
};

_Static_assert(sizeof(struct file_record) == 72, "file_record");

static int fail(struct file_fault *fault, int err, const char *path, const char *what)
{
	snprintf(fault->text, sizeof(fault->text), "%s: %s", path, what);
	return err;
}

static struct file_record describe(uint32_t number, struct handle *handle)
{
	struct file_record record = {.handle = number,
				     .flags = O_DIRECTORY,
				     .mode = handle->mode,
				     .lock = (uint32_t)atomic_load(&handle->lock),
				     .dir_synthetic = handle->dir_synthetic,
				     .dir_host_done = handle->dir_host_done,
				     .has_path = handle->opened != NULL};
	struct stat st;

	if (handle->fd < 0)
		return record;
	off_t offset = lseek(handle->fd, 0, SEEK_CUR);
	record.offset = offset < 0 ? 0 : (uint64_t)offset;
	record.flags = (uint32_t)fcntl(handle->fd, F_GETFL) & FLAGS_KEPT;
	if (fstat(handle->fd, &st) == 0) {
		record.dev = st.st_dev;
		record.ino = st.st_ino;
		record.size = (uint64_t)st.st_size;
		record.mtime_ns = timespec_ns(&st.st_mtim);
	}
	return record;
}

/* Does the path that HANDLE was opened by still lead to it? */
static bool is_found(const struct file_server *files, const struct handle *handle)
{
	struct path_redirect redirect = {0};
	struct path_spot spot;
	struct stat there, here;

	if (handle->fd < 0)
		return true;
	if (path_walk(files->mounts, handle->opened, strlen(handle->opened), 0, &spot, &redirect)) {
		free(redirect.path);
		return false;
	}
	bool found = spot.dir_fd >= 0 && fstat(handle->fd, &here) == 0 &&
		     fstatat(spot.dir_fd, spot.name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
		     there.st_dev == here.st_dev && there.st_ino == here.st_ino;
	path_spot_close(&spot);
	return found;
}

static int save_handle(struct file_server *files, uint32_t number, struct handle *handle,
		       struct blob *out, struct file_fault *fault)
{
	const struct file_record record = describe(number, handle);

	if (!handle->opened && number >= STD_HANDLES)
		return fail(fault, -ENOMEM, "an open file", "its name is not known");
	if (handle->opened && !is_found(files, handle))
		return fail(fault, -ESTALE, handle->opened,
			    "it is open, and has been deleted or moved since");
	blob_put(out, &record, sizeof(record));
	if (handle->opened)
		blob_put_string(out, handle->opened);
	return 0;
}

int file_state_save(struct file_server *files, struct blob *out, struct file_fault *fault)
{
	int err = 0;

	for (uint32_t i = 0; i < files->handles.capacity && !err; i++) {
		struct handle *handle = handle_table_get(&files->handles, i);
		if (!handle)
			continue;
		err = save_handle(files, i, handle, out, fault);
		handle_put(handle);
	}
	return err;
}

/* Is what has been opened what was open? */
static int compare(const struct handle *handle, const struct file_record *saved, const char *path,
		   struct file_fault *fault)
{
	const bool writes = (saved->flags & O_ACCMODE) != O_RDONLY;
	struct stat st;

	if (handle->fd < 0)
		return 0;
	if (fstat(handle->fd, &st) != 0 || (st.st_mode & S_IFMT) != (saved->mode & S_IFMT))
		return fail(fault, -ESTALE, path, "it was something else at the checkpoint");
	if (!S_ISREG(st.st_mode) || (saved->flags & O_PATH))
		return 0;
	if (!writes &&
	    ((uint64_t)st.st_size != saved->size || timespec_ns(&st.st_mtim) != saved->mtime_ns))
		return fail(fault, -ESTALE, path, "it has been changed since the checkpoint");
	if (writes && (st.st_dev != saved->dev || st.st_ino != saved->ino))
		return fail(fault, -ESTALE, path, "it has been replaced since the checkpoint");
	if (writes && (uint64_t)st.st_size < saved->size)
		return fail(fault, -ESTALE, path, "it has become shorter since the checkpoint");
	return 0;
}

/* Position and lock. */
static int resume(struct handle *handle, const struct file_record *saved, const char *path,
		  struct file_fault *fault)
{
	handle->dir_synthetic = saved->dir_synthetic;
	handle->dir_host_done = saved->dir_host_done != 0;
	if (handle->fd < 0 || (saved->flags & O_PATH))
		return 0;
	if (!(handle->attributes & HC_HANDLE_STREAM) &&
	    lseek(handle->fd, (off_t)saved->offset, SEEK_SET) < 0)
		return fail(fault, -errno, path, "its position at the checkpoint is gone");
	int lock = (int)saved->lock & (LOCK_SH | LOCK_EX);
	if (lock && flock(handle->fd, lock | LOCK_NB) != 0)
		return fail(fault, -errno, path, "it cannot be locked as at the checkpoint");
	atomic_store(&handle->lock, lock);
	return 0;
}

/* Opens PATH as the guest would, and gives it the saved number. */
static int reopen(struct file_server *files, const struct file_record *saved, const char *path,
		  uint8_t *out, struct file_fault *fault)
{
	const uint32_t flags = (saved->flags & FLAGS_KEPT) | O_NOFOLLOW | O_NONBLOCK;
	struct hostcall call = {.request = {.op = HC_OPEN, .arg = {flags}},
				.payload = (const uint8_t *)path,
				.payload_size = strlen(path),
				.out = out};
	if (saved->handle < STD_HANDLES)
		(void)handle_table_close(&files->handles, saved->handle);
	int64_t number = file_open(files, &call);

	if (number == CALL_DEFERRED) {
		call.deferred->destroy(call.deferred);
		number = -EAGAIN;
	}
	if (number < 0)
		return fail(fault, number < -4095 ? -ENOENT : (int)number, path,
			    number < -4095 ? "no such file" : strerror((int)-number));
	int err = handle_table_move(&files->handles, (uint32_t)number, saved->handle);
	struct handle *handle =
		handle_table_get(&files->handles, err ? (uint32_t)number : saved->handle);
	if (!handle || err)
		err = fail(fault, -EINVAL, path, "it has an impossible number");
	if (!err)
		err = compare(handle, saved, path, fault);
	if (!err)
		err = resume(handle, saved, path, fault);
	handle_put(handle);
	return err;
}

/* Standard input from the same file goes on where it was. */
static void resume_std(struct file_server *files, const struct file_record *saved)
{
	struct handle *handle = handle_table_get(&files->handles, saved->handle);
	struct stat st;

	if (handle && saved->handle == HC_STDIN && fstat(handle->fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && st.st_dev == saved->dev && st.st_ino == saved->ino)
		lseek(handle->fd, (off_t)saved->offset, SEEK_SET);
	handle_put(handle);
}

static int restore_record(struct file_server *files, struct blob_reader *in, uint32_t *next,
			  uint8_t *out, struct file_fault *fault)
{
	struct file_record record;
	int err = 0;

	blob_get(in, &record, sizeof(record));
	if (in->failed || record.handle < *next ||
	    (!record.has_path && record.handle >= STD_HANDLES))
		return fail(fault, -EINVAL, "open files", "the checkpoint's list is not valid");
	/* What lies between was closed. */
	for (; *next < record.handle && *next < STD_HANDLES; ++*next)
		(void)handle_table_close(&files->handles, *next);
	*next = record.handle + 1;
	if (!record.has_path) {
		resume_std(files, &record);
		return 0;
	}
	char *path = blob_get_string(in, HC_PATH_MAX);
	if (!path)
		return fail(fault, -EINVAL, "open files", "the checkpoint's list is not valid");
	err = reopen(files, &record, path, out, fault);
	free(path);
	return err;
}

int file_state_restore(struct file_server *files, struct blob_reader *in, uint8_t *out,
		       struct file_fault *fault)
{
	uint32_t next = 0;
	int err = 0;

	if (in->failed)
		return fail(fault, -EINVAL, "open files", "the checkpoint has no list of them");
	while (in->left && !err)
		err = restore_record(files, in, &next, out, fault);
	for (; next < STD_HANDLES && !err; next++)
		(void)handle_table_close(&files->handles, next);
	return err;
}
