/* SPDX-License-Identifier: BSD-3-Clause */
/* The handlers of the file calls, one per operation of abi/hostcall.h; called by file_server.c
 * only. */
#ifndef HOST_FILE_CALLS_H
#define HOST_FILE_CALLS_H

#include "file_server.h"

/* Calls on a handle. */
typedef int64_t handle_call(struct file_server *files, struct hostcall *call,
			    struct handle *handle);
handle_call file_read, file_write, file_pread, file_pwrite, file_lseek, file_poll;
handle_call file_fstat, file_getdents, file_fchmod, file_fchown, file_futimens, file_ftruncate,
	file_fallocate, file_fsync, file_fstatfs, file_flock, file_setfl, file_ioctl, file_flink;

/* TCSETSW and TCSETSF: HC_IOCTL with SIZE bytes of argument that waits for a terminal to drain. */
int64_t file_ioctl_drain(struct file_server *files, struct hostcall *call, struct handle *handle,
			 size_t size);

/* Calls without one: paths and the rest. */
typedef int64_t plain_call(struct file_server *files, struct hostcall *call);
plain_call file_open, file_close, file_stat, file_unlink, file_rename, file_mkdir, file_readlink,
	file_symlink, file_link, file_access, file_chmod, file_chown, file_utimens, file_truncate,
	file_statfs, file_report, file_time;

/* -EROFS for a handle that came through a read-only mount, else 0. */
int handle_check_writable(const struct handle *handle);

#endif /* HOST_FILE_CALLS_H */
