/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linux AIO: requests of the application (struct iocb) to operations on files. An error in what a
 * request says ends io_submit; an error of the operation is the result in its event.
 */
#include <syscalls/aio.h>

#include <arch/user.h>
#include <asm/errno.h>
#include <asm/poll.h>
#include <fs/aio.h>
#include <fs/special.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <linux/time.h>
#include <sched/signal.h>
#include <syscalls/file_io.h>
#include <syscalls/poll.h>

#define REQUEST_KEY 0u /* what io_submit writes into a request, and io_cancel wants to see */

/* io_setup(requests, context pointer) */
SYSCALL(io_setup)
{
	uintptr_t id;
	int error;

	if (arch_user_read(&id, (uintptr_t)a1, sizeof(id)))
		return -EFAULT;
	if (id)
		return -EINVAL;
	error = aio_create((unsigned)a0, &id);
	if (!error && arch_user_write((uintptr_t)a1, &id, sizeof(id))) {
		(void)!aio_destroy(id);
		error = -EFAULT;
	}
	return error;
}

/* io_destroy(context) */
SYSCALL(io_destroy)
{
	return aio_destroy((uintptr_t)a0);
}

/* The result of an operation: one that a signal has ended cannot start again. */
static int64_t settled(int64_t result)
{
	switch (result) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		return -EINTR;
	default:
		return result;
	}
}

static int check_priority(const struct iocb *iocb)
{
	unsigned class = IOPRIO_PRIO_CLASS(iocb->aio_reqprio);
	unsigned level = IOPRIO_PRIO_DATA(iocb->aio_reqprio);

	if (!(iocb->aio_flags & IOCB_FLAG_IOPRIO))
		return 0;
	if (class == IOPRIO_CLASS_NONE)
		return level ? -EINVAL : 0;
	return class > IOPRIO_CLASS_IDLE ? -EINVAL : 0;
}

/* pread, pwrite and the vectored ones. 0: it is done, whatever came of it. */
static int transfer(struct aio_request *request, const struct iocb *iocb, bool vector, bool write)
{
	struct file *file = request->file;
	unsigned flags = (unsigned)iocb->aio_rw_flags;
	const uint64_t offset = (uint64_t)iocb->aio_offset;
	struct io_buffers buffers;
	int64_t result;
	int error = check_priority(iocb);

	if (error)
		return error;
	if (!(write ? file_writable(file) : file_readable(file)))
		return -EBADF;
	if (!(write ? file->ops->write : file->ops->read) || file->kind & FILE_DIRECTORY)
		return -EINVAL;
	error = vector ? io_take_vector(&buffers, (uintptr_t)iocb->aio_buf, iocb->aio_nbytes)
		       : io_take_buffer(&buffers, (uintptr_t)iocb->aio_buf, iocb->aio_nbytes);
	if (error)
		return error;
	error = io_set_flags(&buffers.io, flags);
	if (!error && iocb->aio_offset < 0)
		error = -EINVAL;
	if (!error) {
		/* Streams have no position, and do not mind one here. */
		const uint64_t *at = file->kind & FILE_STREAM ? NULL : &offset;

		result = write ? file_write(file, &buffers.io, at)
			       : file_read(file, &buffers.io, at);
		if (write)
			result = io_make_durable(file, result, flags);
	}
	io_release(&buffers);
	if (!error)
		aio_complete(request, settled(result));
	return error;
}

static int sync_file(struct aio_request *request, const struct iocb *iocb, bool data_only)
{
	struct file *file = request->file;

	if (iocb->aio_buf || iocb->aio_offset || iocb->aio_nbytes || iocb->aio_rw_flags)
		return -EINVAL;
	if (!file->ops->sync)
		return -EINVAL;
	aio_complete(request, settled(file->ops->sync(file, data_only)));
	return 0;
}

static int poll_file_of(struct aio_request *request, const struct iocb *iocb)
{
	if (iocb->aio_buf > UINT16_MAX || iocb->aio_offset || iocb->aio_nbytes ||
	    iocb->aio_rw_flags)
		return -EINVAL;
	return aio_poll(request, (unsigned)iocb->aio_buf | POLLERR | POLLHUP);
}

static int start(struct aio_request *request, const struct iocb *iocb)
{
	switch (iocb->aio_lio_opcode) {
	case IOCB_CMD_PREAD:
		return transfer(request, iocb, false, false);
	case IOCB_CMD_PWRITE:
		return transfer(request, iocb, false, true);
	case IOCB_CMD_PREADV:
		return transfer(request, iocb, true, false);
	case IOCB_CMD_PWRITEV:
		return transfer(request, iocb, true, true);
	case IOCB_CMD_FSYNC:
		return sync_file(request, iocb, false);
	case IOCB_CMD_FDSYNC:
		return sync_file(request, iocb, true);
	case IOCB_CMD_POLL:
		return poll_file_of(request, iocb);
	default:
		return -EINVAL;
	}
}

/* The files that IOCB names, and the key by which io_cancel will know it. */
static int prepare(struct aio_request *request, const struct iocb *iocb, uintptr_t address)
{
	const uint32_t key = REQUEST_KEY;

	request->event = (struct io_event){.data = iocb->aio_data, .obj = address};
	request->file = fd_get((int)iocb->aio_fildes);
	if (!request->file || request->file->kind & FILE_PATH_ONLY)
		return -EBADF;
	if (iocb->aio_flags & IOCB_FLAG_RESFD) {
		request->event_file = fd_get((int)iocb->aio_resfd);
		if (!request->event_file)
			return -EBADF;
		if (!file_is_eventfd(request->event_file))
			return -EINVAL;
	}
	return arch_user_write(address + offsetof(struct iocb, aio_key), &key, sizeof(key))
		       ? -EFAULT
		       : 0;
}

static int submit(struct aio_context *context, uintptr_t address)
{
	struct aio_request request;
	struct iocb iocb;
	int error;

	if (arch_user_read(&iocb, address, sizeof(iocb)))
		return -EFAULT;
	if (iocb.aio_reserved2 || (int64_t)iocb.aio_nbytes < 0)
		return -EINVAL;
	if (!aio_begin(&request, context))
		return -EAGAIN;
	error = prepare(&request, &iocb, address);
	if (!error)
		error = start(&request, &iocb);
	if (error)
		aio_abandon(&request);
	return error;
}

/* io_submit(context, count, array of pointers to struct iocb): how many were */
SYSCALL(io_submit)
{
	struct aio_context *context;
	long done = 0, count;
	int error = 0;

	if (a1 < 0)
		return -EINVAL;
	context = aio_get((uintptr_t)a0);
	if (!context)
		return -EINVAL;
	count = MIN(a1, (long)aio_ring_size(context));
	while (done < count && !error) {
		uintptr_t iocb;

		error = arch_user_read(&iocb, (uintptr_t)a2 + (size_t)done * sizeof(iocb),
				       sizeof(iocb))
				? -EFAULT
				: submit(context, iocb);
		done += !error;
	}
	aio_put(context);
	return done ? done : error;
}

/* io_cancel(context, iocb, result, which is not used any more) */
SYSCALL(io_cancel)
{
	struct aio_context *context;
	uint32_t key;
	int result;

	if (arch_user_read(&key, (uintptr_t)a1 + offsetof(struct iocb, aio_key), sizeof(key)))
		return -EFAULT;
	context = key == REQUEST_KEY ? aio_get((uintptr_t)a0) : NULL;
	if (!context)
		return -EINVAL;
	result = aio_cancel(context, (uint64_t)a1);
	aio_put(context);
	return result;
}

/* Any struct timespec goes here, also one with a negative time or too many nanoseconds. */
static int read_deadline(uintptr_t address, uint64_t *deadline)
{
	struct __kernel_timespec timeout;
	int64_t ns;

	*deadline = TIME_NEVER;
	if (!address)
		return 0;
	if (arch_user_read(&timeout, address, sizeof(timeout)))
		return -EFAULT;
	if (timeout.tv_sec >= INT64_MAX / (int64_t)NS_PER_SEC)
		return 0;
	ns = timeout.tv_sec < 0 ? 0 : timeout.tv_sec * (int64_t)NS_PER_SEC;
	if (timeout.tv_sec >= 0 && __builtin_add_overflow(ns, timeout.tv_nsec, &ns))
		return 0;
	*deadline = ns > 0 ? deadline_after((uint64_t)ns) : 0;
	return 0;
}

static long get_events(uintptr_t id, long min, long max, uintptr_t events, uint64_t deadline)
{
	struct aio_context *context = aio_get(id);
	long result = -EINVAL;

	if (!context)
		return -EINVAL;
	if (min >= 0 && min <= max)
		result =
			aio_take(context, (unsigned long)min, (unsigned long)max, events, deadline);
	aio_put(context);
	return result;
}

/* io_getevents(context, at least, at most, struct io_event array, timeout) */
SYSCALL(io_getevents)
{
	uint64_t deadline;
	int error = read_deadline((uintptr_t)a4, &deadline);

	return error ? error : get_events((uintptr_t)a0, a1, a2, (uintptr_t)a3, deadline);
}

/* io_pgetevents(context, at least, at most, struct io_event array, timeout, {mask, mask size}) */
SYSCALL(io_pgetevents)
{
	uintptr_t mask = 0;
	uint64_t deadline;
	long result = read_deadline((uintptr_t)a4, &deadline);

	if (!result)
		result = poll_mask_begin_pair((uintptr_t)a5, &mask);
	if (result)
		return result;
	result = get_events((uintptr_t)a0, a1, a2, (uintptr_t)a3, deadline);
	if (result == -EINTR)
		result = -ERESTARTNOHAND;
	return poll_mask_end(mask, result);
}
