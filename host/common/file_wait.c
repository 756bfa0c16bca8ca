/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls on handles that may block in Linux itself, each as a job: locks, fsync, draining terminals.
 */
#include "file_calls.h"
#include "host_job.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int64_t fsync_work(struct host_job *job)
{
	int result = job->arg ? fdatasync(job->handle->fd) : fsync(job->handle->fd);
	return result ? -errno : 0;
}

int64_t file_fsync(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	struct host_job *job = host_job_new(files, handle);
	if (!job)
		return -ENOMEM;
	job->arg = call->request.arg[0];
	job->work = fsync_work;
	return host_job_start(job, call);
}

static int64_t flock_work(struct host_job *job)
{
	return flock(job->handle->fd, (int)job->arg) ? -errno : 0;
}

int64_t file_flock(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	int operation = (int)call->request.arg[0];

	/* Most locks are free. */
	if (flock(handle->fd, operation | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK || (operation & LOCK_NB))
		return -errno;
	struct host_job *job = host_job_new(files, handle);
	if (!job)
		return -ENOMEM;
	job->arg = (uint64_t)operation;
	job->work = flock_work;
	job->interruptible = true;
	return host_job_start(job, call);
}

static int64_t drain_work(struct host_job *job)
{
	return ioctl(job->handle->fd, job->arg, job->data) ? -errno : 0;
}

int64_t file_ioctl_drain(struct file_server *files, struct hostcall *call, struct handle *handle,
			 size_t size)
{
	struct host_job *job = host_job_new(files, handle);
	if (!job)
		return -ENOMEM;
	memcpy(job->data, call->payload, size);
	job->arg = call->request.arg[0];
	job->work = drain_work;
	job->interruptible = true;
	return host_job_start(job, call);
}
