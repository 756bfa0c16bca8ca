/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * aio: proves that Linux AIO does what it does on Linux: reads, writes, syncs and polls, what is
 * refused and what fails, waiting for events, eventfd, and the ring that an application may read by
 * itself.
 */
#include "aio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

long io_setup(unsigned requests, aio_context_t *context)
{
	return syscall(SYS_io_setup, requests, context);
}

long io_destroy(aio_context_t context)
{
	return syscall(SYS_io_destroy, context);
}

long io_submit(aio_context_t context, long count, struct iocb **iocbs)
{
	return syscall(SYS_io_submit, context, count, iocbs);
}

long io_cancel(aio_context_t context, struct iocb *iocb, struct io_event *result)
{
	return syscall(SYS_io_cancel, context, iocb, result);
}

long io_getevents(aio_context_t context, long min, long max, struct io_event *events,
		  struct timespec *timeout)
{
	return syscall(SYS_io_getevents, context, min, max, events, timeout);
}

aio_context_t new_context(unsigned requests)
{
	aio_context_t context = 0;

	MUST(io_setup(requests, &context));
	return context;
}

struct iocb request(int operation, int fd, void *buffer, size_t size, off_t offset)
{
	struct iocb iocb;

	memset(&iocb, 0, sizeof(iocb));
	iocb.aio_lio_opcode = (uint16_t)operation;
	iocb.aio_fildes = (uint32_t)fd;
	iocb.aio_buf = (uint64_t)(uintptr_t)buffer;
	iocb.aio_nbytes = size;
	iocb.aio_offset = offset;
	iocb.aio_data = 77;
	return iocb;
}

long submit_one(aio_context_t context, struct iocb *iocb)
{
	return io_submit(context, 1, &iocb);
}

long event_result(const struct io_event *event)
{
	if (event->res >= 0)
		return (long)event->res;
	errno = (int)-event->res;
	return -1;
}

long run_one(aio_context_t context, struct iocb *iocb)
{
	struct io_event event = {0, 0, -ENODATA, 0};

	if (submit_one(context, iocb) != 1) {
		printf("not submitted: ");
		return -1;
	}
	if (io_getevents(context, 1, 1, &event, NULL) != 1)
		check_die("io_getevents");
	if (event.obj != (uint64_t)(uintptr_t)iocb || event.data != iocb->aio_data || event.res2)
		printf("FAIL: another event: ");
	return event_result(&event);
}

int text_file(const char *text)
{
	int fd = open("aio.data", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		check_die("aio.data");
	unlink("aio.data");
	return fd;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		MUST(chdir(argv[1]));
	aio_setup();
	aio_transfers();
	aio_submit_errors();
	aio_streams();
	aio_events();
	aio_ring();
	aio_polls();
	aio_crowd();
	return check_done();
}
