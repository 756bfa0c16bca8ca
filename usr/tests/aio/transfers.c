/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts, reads and writes, what is refused. */
#include "aio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

void aio_setup(void)
{
	aio_context_t context = 0, second = 0, set = 1;
	struct io_event event;

	check_section("contexts");
	SHOW(io_setup(0, &context));
	SHOW(io_setup(1, &set));
	SHOW(io_setup(1, bad_pointer));
	SHOW(io_setup(1u << 30, &context));
	SHOW(io_setup(1u << 20, &context));
	SHOW(io_setup(8, &context));
	SHOW(io_setup(500, &second));
	CHECK(context && second && context != second);
	SHOW(io_setup(65536, &set));
	set = 0;
	SHOW(io_setup(65536, &set)); /* more than what others have left */
	SHOW(io_destroy(second));
	SHOW(io_destroy(second));
	SHOW(io_getevents(second, 0, 1, &event, NULL));
	SHOW(io_submit(second, 0, NULL));
	SHOW(io_submit(0, 0, NULL));
	SHOW(io_destroy(context));
	SHOW(io_destroy(0));
	/* A context whose ring is not mapped any more is none. */
	context = new_context(1);
	MUST(munmap((void *)context, 4096));
	SHOW(io_submit(context, 0, NULL));
}

static void vectors(aio_context_t context, int fd)
{
	char first[4] = "", second[4] = "";
	struct iovec parts[2] = {{first, 3}, {second, 2}};
	struct iocb iocb = request(IOCB_CMD_PREADV, fd, parts, 2, 1);

	SHOW(run_one(context, &iocb));
	printf("%s|%s\n", first, second);
	iocb = request(IOCB_CMD_PWRITEV, fd, parts, 2, 4);
	SHOW(run_one(context, &iocb));
	parts[1].iov_len = (size_t)-1;
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_PREADV, fd, parts, 2000, 0);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_PREADV, fd, bad_pointer, 1, 0);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_PREADV, fd, parts, 0, 0);
	SHOW(run_one(context, &iocb));
}

static void flags(aio_context_t context, int fd)
{
	char buffer[32] = "";
	struct iocb iocb = request(IOCB_CMD_PWRITE, fd, buffer, 1, 0);

	buffer[0] = '+';
	iocb.aio_rw_flags = RWF_APPEND;
	SHOW(run_one(context, &iocb));
	iocb.aio_rw_flags = RWF_DSYNC;
	SHOW(run_one(context, &iocb));
	iocb.aio_rw_flags = 1 << 30;
	SHOW(run_one(context, &iocb));
	iocb.aio_rw_flags = 0;
	iocb.aio_flags = IOCB_FLAG_IOPRIO;
	iocb.aio_reqprio = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 3);
	SHOW(run_one(context, &iocb));
	iocb.aio_reqprio = IOPRIO_PRIO_VALUE(7, 0);
	SHOW(run_one(context, &iocb));
	printf("%zd: %s\n", pread(fd, buffer, sizeof(buffer) - 1, 0), buffer);
}

void aio_transfers(void)
{
	aio_context_t context = new_context(4);
	int fd = text_file("0123456789");
	char buffer[32] = "";
	struct iocb iocb = request(IOCB_CMD_PREAD, fd, buffer, 4, 2);

	check_section("transfers");
	SHOW(run_one(context, &iocb));
	puts(buffer);
	SHOW(lseek(fd, 0, SEEK_CUR));
	iocb = request(IOCB_CMD_PREAD, fd, buffer, sizeof(buffer), 8);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, fd, buffer, 1, 10);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, fd, bad_pointer, 4, 0);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_PWRITE, fd, bad_pointer, 4, 0);
	SHOW(run_one(context, &iocb));
	memcpy(buffer, "abc", 3);
	iocb = request(IOCB_CMD_PWRITE, fd, buffer, 3, 12);
	SHOW(run_one(context, &iocb));
	SHOW(lseek(fd, 0, SEEK_END));
	vectors(context, fd);
	flags(context, fd);
	iocb = request(IOCB_CMD_FSYNC, fd, NULL, 0, 0);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_FDSYNC, fd, NULL, 0, 0);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_FSYNC, fd, NULL, 1, 0);
	SHOW(run_one(context, &iocb));
	close(fd);
	io_destroy(context);
}

static void wrong_files(aio_context_t context)
{
	char buffer[4];
	int read_only = open("/dev/null", O_RDONLY), write_only = open("/dev/null", O_WRONLY);
	int directory = open(".", O_RDONLY), path = open(".", O_PATH);
	struct iocb iocb = request(IOCB_CMD_PWRITE, read_only, buffer, 1, 0);

	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, write_only, buffer, 1, 0);
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, directory, buffer, 1, 0);
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, path, buffer, 1, 0);
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, 999, buffer, 1, 0);
	SHOW(submit_one(context, &iocb));
	close(read_only);
	close(write_only);
	close(directory);
	close(path);
}

static void wrong_fields(aio_context_t context, int fd)
{
	char buffer[4] = "";
	struct iocb iocb = request(IOCB_CMD_PREAD, fd, buffer, 1, 0);

	iocb.aio_reserved2 = 1;
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, fd, buffer, (size_t)-1, 0);
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, fd, buffer, 1, -1);
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_NOOP, fd, buffer, 1, 0);
	SHOW(submit_one(context, &iocb));
	iocb = request(99, fd, buffer, 1, 0);
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, fd, (void *)-4096l, 1, 0); /* no address of a program */
	SHOW(submit_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, fd, buffer, 1, 0);
	iocb.aio_flags = IOCB_FLAG_RESFD;
	iocb.aio_resfd = 999;
	SHOW(submit_one(context, &iocb));
	iocb.aio_resfd = (uint32_t)fd;
	SHOW(submit_one(context, &iocb));
}

void aio_submit_errors(void)
{
	aio_context_t context = new_context(4);
	int fd = text_file("0123456789");
	char buffer[4];
	struct io_event events[4];
	struct iocb good = request(IOCB_CMD_PREAD, fd, buffer, 1, 0);
	struct iocb bad = request(IOCB_CMD_PREAD, 999, buffer, 1, 0);
	struct iocb *list[3] = {&good, &bad, &good}, *missing[2] = {&good, bad_pointer};

	check_section("what is refused");
	SHOW(io_submit(context, -1, list));
	SHOW(io_submit(context, 0, bad_pointer));
	SHOW(io_submit(context, 1, bad_pointer));
	SHOW(io_submit(context, 3, list)); /* up to the bad one */
	SHOW(io_submit(context, 2, list + 1));
	SHOW(io_submit(context, 2, missing));
	SHOW(io_submit(context, 1, missing + 1));
	SHOW(io_getevents(context, 0, 4, events, NULL));
	wrong_files(context);
	wrong_fields(context, fd);
	SHOW(io_getevents(context, 0, 4, events, NULL));
	close(fd);
	io_destroy(context);
}

void aio_streams(void)
{
	aio_context_t context = new_context(4);
	char buffer[8] = "";
	int ends[2];
	struct iocb iocb;

	check_section("streams");
	MUST(pipe(ends));
	iocb = request(IOCB_CMD_PWRITE, ends[1], buffer, 5, 100);
	memcpy(buffer, "pipe!", 5);
	SHOW(run_one(context, &iocb));
	iocb = request(IOCB_CMD_PREAD, ends[0], buffer, 3, 1000);
	SHOW(run_one(context, &iocb));
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	SHOW(run_one(context, &iocb));
	SHOW(run_one(context, &iocb)); /* the result is an error: nothing is there */
	iocb = request(IOCB_CMD_FSYNC, ends[1], NULL, 0, 0);
	SHOW(run_one(context, &iocb));
	close(ends[1]);
	iocb = request(IOCB_CMD_PREAD, ends[0], buffer, 3, 0);
	SHOW(run_one(context, &iocb));
	close(ends[0]);
	io_destroy(context);
}
