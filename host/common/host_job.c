/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See host_job.h. A job is interrupted with a signal whose handler does nothing. One that comes
 * just before the blocking call is lost, so it is sent until the thread says that it has ended.
 */
#include "host_job.h"

#include "event_fd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JOB_SIGNAL	  SIGURG
#define INTERRUPT_TRIES	  200
#define INTERRUPT_WAIT_NS 100000
#define JOB_STACK	  (128u << 10)

static pthread_once_t handler_once = PTHREAD_ONCE_INIT;

static void job_interrupted(int signo)
{
	(void)signo;
}

static void install_handler(void)
{
	struct sigaction action = {.sa_handler = job_interrupted};
	sigaction(JOB_SIGNAL, &action, NULL);
}

struct host_job *host_job_new(struct file_server *files, struct handle *handle)
{
	struct host_job *job = calloc(1, sizeof(*job));
	if (!job)
		return NULL;
	job->files = files;
	job->fd = -1;
	job->handle = handle;
	if (handle)
		atomic_fetch_add_explicit(&handle->refs, 1, memory_order_relaxed);
	return job;
}

static void job_free(struct host_job *job)
{
	handle_put(job->handle);
	if (job->fd >= 0)
		close(job->fd);
	free(job);
}

static void *job_thread(void *argument)
{
	struct host_job *job = argument;
	int wake_fd = job->files->wake_fd;

	job->result = job->work(job);
	/* Publishes the result to whoever sees DONE; the job may be freed right after that. */
	atomic_store_explicit(&job->done, true, memory_order_release);
	event_fd_signal(wake_fd);
	return NULL;
}

static bool job_is_done(struct host_job *job)
{
	return atomic_load_explicit(&job->done, memory_order_acquire);
}

static int64_t job_resume(struct deferred *deferred, short revents)
{
	struct host_job *job = (struct host_job *)deferred;
	(void)revents;
	if (!job_is_done(job))
		return CALL_DEFERRED;
	return job->finish ? job->finish(job, job->result) : job->result;
}

/* False when the job does not end for all that. */
static bool job_interrupt(struct host_job *job)
{
	const struct timespec wait = {.tv_nsec = INTERRUPT_WAIT_NS};
	for (int i = 0; i < INTERRUPT_TRIES && !job_is_done(job); i++) {
		pthread_kill(job->thread, JOB_SIGNAL);
		nanosleep(&wait, NULL);
	}
	return job_is_done(job);
}

static int64_t job_cancel(struct deferred *deferred)
{
	struct host_job *job = (struct host_job *)deferred;
	if (!job->interruptible || !job_interrupt(job))
		return CALL_DEFERRED;
	return job_resume(deferred, 0);
}

static void job_destroy(struct deferred *deferred)
{
	struct host_job *job = (struct host_job *)deferred;
	while (job->interruptible && !job_interrupt(job))
		;
	pthread_join(job->thread, NULL);
	job_free(job);
}

int64_t host_job_start(struct host_job *job, struct hostcall *call)
{
	pthread_attr_t attributes;
	sigset_t all, old;

	pthread_once(&handler_once, install_handler);
	job->deferred.fd = -1;
	job->deferred.resume = job_resume;
	job->deferred.cancel = job_cancel;
	job->deferred.destroy = job_destroy;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, JOB_STACK);
	/* All other signals are for the proxy's main thread. */
	sigfillset(&all);
	sigdelset(&all, JOB_SIGNAL);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int err = pthread_create(&job->thread, &attributes, job_thread, job);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (err) {
		job_free(job);
		return -err;
	}
	call->deferred = &job->deferred;
	return CALL_DEFERRED;
}
