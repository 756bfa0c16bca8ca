/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls that Linux offers only in a blocking form (opening a FIFO, waiting for a file lock, fsync,
 * a terminal that drains) run in a thread of their own each, as deferred calls.
 */
#ifndef HOST_HOST_JOB_H
#define HOST_HOST_JOB_H

#include "file_server.h"

#include <pthread.h>
#include <stdatomic.h>

struct host_job {
	struct deferred deferred; /* first: a job is a deferred call */
	struct file_server *files;
	struct handle *handle; /* own reference, may be NULL */
	int fd;		       /* owned, -1: none */
	uint64_t arg;
	uint8_t data[64];
	uint8_t out[PATH_MAX]; /* reply payload */
	bool interruptible;    /* WORK returns -EINTR when a signal comes */
	/* In the thread. Result or -errno. */
	int64_t (*work)(struct host_job *job);
	/* Afterwards, in a thread of the server: makes the call's result of WORK's. */
	int64_t (*finish)(struct host_job *job, int64_t result);

	pthread_t thread;
	atomic_bool done;
	int64_t result;
};

/* A job with nothing set but FILES, or NULL. HANDLE gets a reference. */
struct host_job *host_job_new(struct file_server *files, struct handle *handle);
/* Starts it (owned from now on): CALL_DEFERRED, or -errno. */
int64_t host_job_start(struct host_job *job, struct hostcall *call);

#endif /* HOST_HOST_JOB_H */
