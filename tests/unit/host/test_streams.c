/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipes, FIFOs, sockets, locks: calls that wait never hold up others, can be cancelled, lose no
 * data.
 */
#include "check.h"
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static struct guest guest;
static char *work;
static int to_stdin, from_stdout; /* our ends */

static uint32_t send_read(uint32_t handle, uint64_t size, uint16_t flags)
{
	struct hc_request request = {
		.op = HC_READ, .handle = handle, .flags = flags, .arg = {size}};
	return guest_send(&guest, &request, NULL, 0);
}

static uint32_t send_write(uint32_t handle, const void *data, size_t size, uint16_t flags)
{
	struct hc_request request = {.op = HC_WRITE, .handle = handle, .flags = flags};
	return guest_send(&guest, &request, data, size);
}

static void cancel(uint32_t tag)
{
	struct hc_request request = {.op = HC_CANCEL, .arg = {tag}};
	guest_send(&guest, &request, NULL, 0);
}

static void start(void)
{
	int in[2], out[2], std[3];

	CHECK_EQ(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	to_stdin = in[1];
	from_stdout = out[0];
	std[0] = in[0];
	std[1] = out[1];
	std[2] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	work = make_work_dir();
	CHECK_EQ(mount_table_add_host(&guest.mounts, work, "/w", MOUNT_PLAIN_ONLY), 0);
	CHECK_EQ(mount_table_add_host(&guest.mounts, work, "/ro", MOUNT_READONLY), 0);
	guest_start(&guest, std);
	/* The shell's pipe keeps its mode: O_NONBLOCK is set on a description of our own only. */
	CHECK(!(fcntl(to_stdin, F_GETFL) & O_NONBLOCK));
	CHECK(!(fcntl(std[0], F_GETFL) & O_NONBLOCK));
}

static void test_read_waits(void)
{
	uint32_t tag = send_read(HC_STDIN, 100, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	/* Others are served meanwhile. */
	CHECK_EQ(guest_path(&guest, HC_STAT, "/w", 0, 0, 0), 0);
	CHECK_EQ(write(to_stdin, "abc", 3), 3);
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), 3);
	CHECK_EQ(memcmp(guest_reply(&guest, tag)->payload, "abc", 3), 0);
	tag = send_read(HC_STDIN, 100, HC_FLAG_NOWAIT);
	CHECK_EQ(guest_result(&guest, tag), -EAGAIN);
}

static void test_cancelled_read_takes_nothing(void)
{
	char data[8];
	uint32_t tag = send_read(HC_STDIN, 100, 0);
	cancel(tag);
	CHECK_EQ(guest_result(&guest, tag), -EINTR);
	cancel(tag);	       /* a second time: nothing */
	cancel(tag + 1000000); /* what was never there: nothing */
	CHECK_EQ(write(to_stdin, "kept", 4), 4);
	CHECK_EQ(guest_read(&guest, HC_STDIN, data, 8), 4);
}

static void test_poll(void)
{
	uint64_t at_once[4] = {POLLIN, 1}, wait[4] = {POLLIN, 0};
	char data[4];

	CHECK_EQ(guest_call(&guest, HC_POLL, HC_STDIN, at_once, NULL, 0)->head.result, 0);
	struct hc_request request = {.op = HC_POLL, .handle = HC_STDIN};
	memcpy(request.arg, wait, sizeof(wait));
	uint32_t tag = guest_send(&guest, &request, NULL, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	CHECK_EQ(write(to_stdin, "x", 1), 1);
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), POLLIN);
	CHECK_EQ(guest_call(&guest, HC_POLL, HC_STDIN, at_once, NULL, 0)->head.result, POLLIN);
	CHECK_EQ(guest_read(&guest, HC_STDIN, data, 4), 1);
	tag = guest_send(&guest, &request, NULL, 0);
	cancel(tag);
	CHECK_EQ(guest_result(&guest, tag), -EINTR);
}

/* A write that is longer than the pipe: waits for the reader, loses nothing, others go on. */
static void test_long_write(void)
{
	enum { SIZE = 300000 };
	static uint8_t data[SIZE], got[SIZE];
	size_t have = 0;

	for (size_t i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	uint32_t tag = send_write(HC_STDOUT, data, SIZE, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	CHECK_EQ(guest_path(&guest, HC_STAT, "/w", 0, 0, 0), 0);
	while (have < SIZE) {
		ssize_t n = read(from_stdout, got + have, SIZE - have);
		CHECK(n > 0);
		have += (size_t)n;
		guest_wait(&guest, tag, 0);
	}
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), SIZE);
	CHECK_EQ(memcmp(data, got, SIZE), 0);
	/* A cancelled one says how far it came. */
	tag = send_write(HC_STDOUT, data, SIZE, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	cancel(tag);
	int64_t part = guest_result(&guest, tag);
	CHECK(part > 0 && part < SIZE);
	CHECK_EQ(read(from_stdout, got, SIZE), part);
	/* O_NONBLOCK of the guest: as much as fits. */
	tag = send_write(HC_STDOUT, data, SIZE, HC_FLAG_NOWAIT);
	part = guest_result(&guest, tag);
	CHECK(part > 0 && part < SIZE);
	CHECK_EQ(guest_result(&guest, send_write(HC_STDOUT, data, 5000, HC_FLAG_NOWAIT)), -EAGAIN);
	CHECK_EQ(read(from_stdout, got, SIZE), part);
}

static void test_end_of_streams(void)
{
	char data[4];

	close(to_stdin);
	CHECK_EQ(guest_read(&guest, HC_STDIN, data, 4), 0);
	uint64_t at_once[4] = {POLLIN, 1};
	CHECK_EQ(guest_call(&guest, HC_POLL, HC_STDIN, at_once, NULL, 0)->head.result, POLLHUP);
	close(from_stdout);
	CHECK_EQ(guest_write(&guest, HC_STDOUT, "x", 1), -EPIPE);
	CHECK_EQ(guest_handle(&guest, HC_LSEEK, HC_STDOUT, 0, SEEK_CUR, 0), -ESPIPE);
	uint64_t arg[4] = {1, 0};
	CHECK_EQ(guest_call(&guest, HC_PREAD, HC_STDIN, arg, NULL, 0)->head.result, -ESPIPE);
}

static void test_closed_pipe_wakes_reader(void)
{
	int pair[2];
	char path[] = "/w/fifo";

	(void)path;
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_EQ(guest_close(&guest, HC_STDIN), 0);
	CHECK_EQ(handle_table_set(&guest.files.handles, HC_STDIN, handle_new(pair[0])), 0);
	uint32_t tag = send_read(HC_STDIN, 10, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	/* Closing the handle does not disturb the call that uses it. */
	CHECK_EQ(guest_close(&guest, HC_STDIN), 0);
	CHECK_EQ(write(pair[1], "late", 4), 4);
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), 4);
	close(pair[1]);
}

static uint32_t send_open(const char *path, int flags)
{
	struct hc_request request = {.op = HC_OPEN, .arg = {(uint64_t)flags}};
	return guest_send(&guest, &request, path, strlen(path));
}

static void test_fifo(void)
{
	char host_path[256], data[8];

	snprintf(host_path, sizeof(host_path), "%s/fifo", work);
	CHECK_EQ(mkfifo(host_path, 0600), 0);
	CHECK_EQ(guest_result(&guest, send_open("/w/fifo", O_WRONLY | O_NONBLOCK)), -ENXIO);
	CHECK_EQ(guest_result(&guest, send_open("/ro/fifo", O_WRONLY)), -EROFS);
	/* The reader waits for a writer. */
	uint32_t tag = send_open("/w/fifo", O_RDONLY);
	CHECK(!guest_wait(&guest, tag, 20));
	cancel(tag);
	CHECK_EQ(guest_result(&guest, tag), -EINTR);
	tag = send_open("/w/fifo", O_RDONLY);
	CHECK(!guest_wait(&guest, tag, 20));
	int writer = open(host_path, O_WRONLY | O_CLOEXEC);
	CHECK(guest_wait(&guest, tag, 1000));
	int64_t handle = guest_result(&guest, tag);
	CHECK(handle >= 0);
	CHECK_EQ(guest_reply(&guest, tag)->head.val[0], HC_HANDLE_STREAM);
	CHECK_EQ(memcmp(guest_reply(&guest, tag)->payload, "/w/fifo", 7), 0);
	tag = send_read((uint32_t)handle, 8, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	CHECK_EQ(write(writer, "fifo", 4), 4);
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), 4);
	close(writer);
	CHECK_EQ(guest_read(&guest, (uint32_t)handle, data, 8), 0);
	CHECK_EQ(guest_close(&guest, (uint32_t)handle), 0);
	/* With O_NONBLOCK the reader does not wait to open, but a read is not at the end yet. */
	handle = guest_open(&guest, "/w/fifo", O_RDONLY | O_NONBLOCK, 0);
	CHECK(handle >= 0);
	tag = send_read((uint32_t)handle, 8, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	cancel(tag);
	CHECK_EQ(guest_result(&guest, tag), -EINTR);
	/* Without waiting it is: so says Linux. */
	CHECK_EQ(guest_result(&guest, send_read((uint32_t)handle, 8, HC_FLAG_NOWAIT)), 0);
	CHECK_EQ(guest_close(&guest, (uint32_t)handle), 0);
	/* A writer that waits for its reader. */
	tag = send_open("/w/fifo", O_WRONLY);
	CHECK(!guest_wait(&guest, tag, 20));
	int reader = open(host_path, O_RDONLY | O_CLOEXEC);
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK(guest_result(&guest, tag) >= 0);
	CHECK_EQ(guest_write(&guest, (uint32_t)guest_result(&guest, tag), "back", 4), 4);
	CHECK_EQ(read(reader, data, 8), 4);
	close(reader);
}

static void test_lock_waits(void)
{
	char host_path[256];

	snprintf(host_path, sizeof(host_path), "%s/lock", work);
	int holder = open(host_path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	CHECK_EQ(flock(holder, LOCK_EX), 0);
	int64_t handle = guest_open(&guest, "/w/lock", O_RDWR, 0);
	struct hc_request request = {.op = HC_FLOCK, .handle = (uint32_t)handle, .arg = {LOCK_EX}};
	CHECK_EQ(guest_handle(&guest, HC_FLOCK, (uint32_t)handle, LOCK_EX | LOCK_NB, 0, 0),
		 -EWOULDBLOCK);
	uint32_t tag = guest_send(&guest, &request, NULL, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	cancel(tag);
	CHECK_EQ(guest_result(&guest, tag), -EINTR);
	tag = guest_send(&guest, &request, NULL, 0);
	CHECK(!guest_wait(&guest, tag, 20));
	close(holder);
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), 0);
}

static void test_terminal(void)
{
	uint64_t get[4] = {TCGETS}, winsize[4] = {TIOCGWINSZ}, odd[4] = {TIOCSTI};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
		return; /* no pseudo terminals here */
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	int64_t handle = handle_table_add(&guest.files.handles, handle_new(slave));
	uint32_t tty = (uint32_t)handle;
	struct guest_reply *reply = guest_call(&guest, HC_IOCTL, tty, get, NULL, 0);
	CHECK_EQ(reply->head.result, 0);
	CHECK_EQ(reply->size, 36);
	uint8_t modes[36];
	memcpy(modes, reply->payload, 36);
	for (uint64_t request = TCSETS; request <= TCSETSF; request++) {
		uint64_t set[4] = {request};
		CHECK_EQ(guest_call(&guest, HC_IOCTL, tty, set, modes, 36)->head.result, 0);
		CHECK_EQ(guest_call(&guest, HC_IOCTL, tty, set, modes, 35)->head.result, -EBADMSG);
	}
	CHECK_EQ(guest_call(&guest, HC_IOCTL, tty, winsize, NULL, 0)->size, sizeof(struct winsize));
	/* Pushing input back into the user's terminal is not on the list. */
	CHECK_EQ(guest_call(&guest, HC_IOCTL, tty, odd, "x", 1)->head.result, -ENOTTY);
	CHECK_EQ(write(master, "line\n", 5), 5);
	char data[16];
	CHECK_EQ(guest_read(&guest, tty, data, 16), 5);
	CHECK_EQ(guest_close(&guest, tty), 0);
	close(master);
}

static void test_too_many_waiting(void)
{
	uint32_t first = send_open("/w/fifo", O_RDONLY | O_NONBLOCK);
	int64_t handle = guest_result(&guest, first);
	CHECK(handle >= 0);
	uint32_t start_tag = guest.next_tag;
	for (unsigned i = 0; i < HOSTCALL_DEFERRED_MAX; i++)
		send_read((uint32_t)handle, 1, 0);
	uint32_t tag = send_read((uint32_t)handle, 1, 0);
	CHECK_EQ(guest_result(&guest, tag), -EAGAIN);
	for (unsigned i = 0; i < HOSTCALL_DEFERRED_MAX; i++) {
		guest_reply(&guest, start_tag + i)->arrived = false;
		cancel(start_tag + i);
		CHECK_EQ(guest_result(&guest, start_tag + i), -EINTR);
	}
}

int main(void)
{
	start();
	test_read_waits();
	test_cancelled_read_takes_nothing();
	test_poll();
	test_long_write();
	test_end_of_streams();
	test_closed_pipe_wakes_reader();
	test_fifo();
	test_lock_waits();
	test_terminal();
	test_too_many_waiting();
	guest_stop(&guest);
	remove_work_dir(work);
	return 0;
}
