/* SPDX-License-Identifier: BSD-3-Clause */
/* Dispatch of the file calls and the standard handles; see file_server.h. */
#include "file_server.h"

#include "file_calls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct {
	handle_call *handle;
	plain_call *plain;
} calls[HC_OP_COUNT] = {
	[HC_OPEN] = {.plain = file_open},
	[HC_CLOSE] = {.plain = file_close},
	[HC_READ] = {.handle = file_read},
	[HC_WRITE] = {.handle = file_write},
	[HC_PREAD] = {.handle = file_pread},
	[HC_PWRITE] = {.handle = file_pwrite},
	[HC_LSEEK] = {.handle = file_lseek},
	[HC_FSTAT] = {.handle = file_fstat},
	[HC_STAT] = {.plain = file_stat},
	[HC_GETDENTS] = {.handle = file_getdents},
	[HC_UNLINK] = {.plain = file_unlink},
	[HC_RENAME] = {.plain = file_rename},
	[HC_MKDIR] = {.plain = file_mkdir},
	[HC_READLINK] = {.plain = file_readlink},
	[HC_SYMLINK] = {.plain = file_symlink},
	[HC_LINK] = {.plain = file_link},
	[HC_ACCESS] = {.plain = file_access},
	[HC_CHMOD] = {.plain = file_chmod},
	[HC_FCHMOD] = {.handle = file_fchmod},
	[HC_CHOWN] = {.plain = file_chown},
	[HC_FCHOWN] = {.handle = file_fchown},
	[HC_UTIMENS] = {.plain = file_utimens},
	[HC_FUTIMENS] = {.handle = file_futimens},
	[HC_TRUNCATE] = {.plain = file_truncate},
	[HC_FTRUNCATE] = {.handle = file_ftruncate},
	[HC_FALLOCATE] = {.handle = file_fallocate},
	[HC_FSYNC] = {.handle = file_fsync},
	[HC_STATFS] = {.plain = file_statfs},
	[HC_FSTATFS] = {.handle = file_fstatfs},
	[HC_FLOCK] = {.handle = file_flock},
	[HC_SETFL] = {.handle = file_setfl},
	[HC_IOCTL] = {.handle = file_ioctl},
	[HC_POLL] = {.handle = file_poll},
	[HC_FLINK] = {.handle = file_flink},
	[HC_REPORT] = {.plain = file_report},
	[HC_TIME] = {.plain = file_time},
};

/* Descriptors the proxy needs for itself while a call is served. */
#define DESCRIPTORS_RESERVED 64u
#define HANDLES_MAX	     (1u << 20)

static uint32_t handle_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur > HANDLES_MAX)
		return HANDLES_MAX;
	if (limit.rlim_cur <= 2 * DESCRIPTORS_RESERVED)
		return DESCRIPTORS_RESERVED;
	return (uint32_t)limit.rlim_cur - DESCRIPTORS_RESERVED;
}

int file_server_init(struct file_server *files, const struct mount_table *mounts, const int std[3],
		     int report_fd)
{
	*files = (struct file_server){.mounts = mounts};
	handle_table_init(&files->handles, handle_limit());
	files->report = handle_new(report_fd);
	files->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!files->report || files->wake_fd < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < 3; i++) {
		struct handle *handle = std[i] >= 0 ? handle_new(std[i]) : NULL;
		if (std[i] >= 0 && !handle)
			return -ENOMEM;
		int err = handle_table_set(&files->handles, i, handle);
		if (err)
			return err;
	}
	return 0;
}

void file_server_destroy(struct file_server *files)
{
	handle_table_destroy(&files->handles);
	handle_put(files->report);
	if (files->wake_fd >= 0)
		close(files->wake_fd);
}

int handle_check_writable(const struct handle *handle)
{
	return handle->attributes & HC_HANDLE_READONLY ? -EROFS : 0;
}

int64_t file_server_call(struct file_server *files, struct hostcall *call)
{
	uint16_t op = call->request.op;

	if (op >= HC_OP_COUNT || (!calls[op].handle && !calls[op].plain))
		return -EBADMSG;
	if (calls[op].plain)
		return calls[op].plain(files, call);
	struct handle *handle = handle_table_get(&files->handles, call->request.handle);
	if (!handle)
		return -EBADF;
	int64_t result = calls[op].handle(files, call, handle);
	handle_put(handle);
	return result;
}

int64_t file_close(struct file_server *files, struct hostcall *call)
{
	return handle_table_close(&files->handles, call->request.handle);
}
