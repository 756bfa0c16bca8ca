/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Serves the file calls of the host channel: handles, paths, data. Every result is what the same
 * call gives on Linux, as -errno. Rules for paths: docs/host-files.md.
 * Locks: none of its own; see handle_table.h. Any number of threads may call.
 */
#ifndef HOST_FILE_SERVER_H
#define HOST_FILE_SERVER_H

#include "guest_mem.h"
#include "handle_table.h"
#include "hostcall.h"
#include "mount_table.h"

struct file_server {
	struct handle_table handles;
	const struct mount_table *mounts;
	const struct guest_mem *mem; /* set at HC_HELLO; NULL: no guest memory by reference */
	struct handle *report;	     /* where HC_REPORT goes; own reference */
	const char *image_path;	     /* for names in crash reports; NULL: none */
	int wake_fd;		     /* eventfd: a helper thread has a result */
};

/*
 * STD: the descriptors that become handles 0 to 2 (owned from now on; -1: closed). REPORT_FD is
 * owned as well. 0 or -errno.
 */
int file_server_init(struct file_server *files, const struct mount_table *mounts, const int std[3],
		     int report_fd);
void file_server_destroy(struct file_server *files);

/* Serves one call. >= 0, -errno, HC_REDIRECT, or CALL_DEFERRED with call->deferred set. */
int64_t file_server_call(struct file_server *files, struct hostcall *call);

#endif /* HOST_FILE_SERVER_H */
