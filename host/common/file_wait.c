/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls on handles that may block in Linux itself, each as a job: locks, fsync, draining terminals.
 */
#include "file_calls.h"
#include "host_job.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
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

/* What HANDLE holds after OPERATION. */
static void note_lock(struct handle *handle, int operation)
{
	atomic_store(&handle->lock, operation & (LOCK_SH | LOCK_EX));
}

static int64_t flock_work(struct host_job *job)
{
	if (flock(job->handle->fd, (int)job->arg) != 0)
		return -errno;
	note_lock(job->handle, (int)job->arg);
	return 0;
}

int64_t file_flock(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	int operation = (int)call->request.arg[0];

	/* Most locks are free. */
	if (flock(handle->fd, operation | LOCK_NB) == 0) {
		note_lock(handle, operation);
		return 0;
	}
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

/* A poll that waits. */
struct waiting_poll {
	struct deferred deferred;
	struct handle *handle;
};

static int64_t waiting_poll_resume(struct deferred *deferred, short revents)
{
	(void)deferred;
	return revents ? revents : CALL_DEFERRED;
}

static int64_t waiting_poll_cancel(struct deferred *deferred)
{
	(void)deferred;
	return -EINTR;
}

static void waiting_poll_destroy(struct deferred *deferred)
{
	struct waiting_poll *waiting = (struct waiting_poll *)deferred;
	handle_put(waiting->handle);
	free(waiting);
}

#define POLL_EVENTS (POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLRDBAND | POLLWRNORM | POLLRDHUP)

int64_t file_poll(struct file_server *files, struct hostcall *call, struct handle *handle)
{
	short events = (short)(call->request.arg[0] & POLL_EVENTS);
	struct pollfd ready = {.fd = handle->io_fd, .events = events};
	(void)files;

	/* Files and directories are always ready. */
	if (!(handle->attributes & HC_HANDLE_STREAM))
		return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
	if (poll(&ready, 1, 0) < 0)
		return -errno;
	if (ready.revents || call->request.arg[1])
		return ready.revents;
	struct waiting_poll *waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return -ENOMEM;
	atomic_fetch_add_explicit(&handle->refs, 1, memory_order_relaxed);
	waiting->handle = handle;
	waiting->deferred.fd = handle->io_fd;
	waiting->deferred.events = events;
	waiting->deferred.resume = waiting_poll_resume;
	waiting->deferred.cancel = waiting_poll_cancel;
	waiting->deferred.destroy = waiting_poll_destroy;
	call->deferred = &waiting->deferred;
	return CALL_DEFERRED;
}
