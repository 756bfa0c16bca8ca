/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes that the guest does not wait for (HC_FLAG_LAZY): their order, their errors, their end. */
#include "check.h"
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct guest guest;
static char *work;
static int from_stdout; /* our end */

static void start(void)
{
	int out[2], std[3];

	memset(&guest, 0, sizeof(guest));
	CHECK_EQ(pipe2(out, O_CLOEXEC), 0);
	from_stdout = out[0];
	std[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	std[1] = out[1];
	std[2] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	work = make_work_dir();
	CHECK_EQ(mount_table_add_host(&guest.mounts, work, "/w", MOUNT_PLAIN_ONLY), 0);
	guest_start(&guest, std);
}

static void stop(void)
{
	guest_stop(&guest);
	remove_work_dir(work);
}

static uint32_t send_write(uint32_t handle, const void *data, size_t size, uint16_t flags)
{
	struct hc_request request = {.op = HC_WRITE, .handle = handle, .flags = flags};
	return guest_send(&guest, &request, data, size);
}

static uint32_t send_exit(void)
{
	struct hc_request request = {.op = HC_EXIT, .tag = HC_TAG_EVENT - 1, .arg = {7}};
	return guest_send(&guest, &request, NULL, 0);
}

/*
 * Writes that nobody waits for: in the order of their requests though the pipe is full, others that
 * follow behind them, and all of them before the end of the guest. Their replies say what they are.
 */
static void test_lazy_writes(void)
{
	enum { WRITES = 40, SIZE = 5000 };
	static uint8_t data[SIZE], got[WRITES * SIZE];
	uint32_t tags[WRITES];
	size_t have = 0;

	for (int i = 0; i < WRITES; i++) {
		memset(data, i + 1, SIZE);
		/* The last but one is one that is waited for. */
		tags[i] = send_write(HC_STDOUT, data, SIZE, i == WRITES - 2 ? 0 : HC_FLAG_LAZY);
	}
	CHECK(guest_wait(&guest, tags[0], 1000));
	CHECK_EQ(guest_reply(&guest, tags[0])->head.flags, HC_FLAG_LAZY);
	CHECK(!guest_wait(&guest, tags[WRITES - 2], 20));
	send_exit();
	CHECK(!guest.server.exit.done);
	while (have < sizeof(got)) {
		CHECK(!guest.server.exit.done || have + 65536 >= sizeof(got));
		ssize_t n = read(from_stdout, got + have, 3000);
		CHECK(n > 0);
		have += (size_t)n;
		guest_wait(&guest, tags[WRITES - 1], 1);
	}
	for (size_t i = 0; i < sizeof(got); i++)
		CHECK_EQ(got[i], i / SIZE + 1);
	CHECK_EQ(guest_result(&guest, tags[WRITES - 2]), SIZE);
	CHECK_EQ(guest_reply(&guest, tags[WRITES - 2])->head.flags, 0);
	CHECK(guest.server.exit.done);
	CHECK_EQ(guest.server.exit.status, 7);
}

/* Nobody reads any more: each of the writes has the error, and the guest may end. */
static void test_lazy_broken_pipe(void)
{
	static uint8_t data[60000];
	uint32_t first = send_write(HC_STDOUT, data, sizeof(data), HC_FLAG_LAZY);
	uint32_t second = send_write(HC_STDOUT, data, sizeof(data), HC_FLAG_LAZY);
	uint32_t third = send_write(HC_STDOUT, data, 1, HC_FLAG_LAZY);

	CHECK(guest_wait(&guest, first, 1000));
	send_exit();
	CHECK(!guest.server.exit.done);
	close(from_stdout);
	CHECK(guest_wait(&guest, third, 1000));
	CHECK(guest_wait(&guest, second, 1000));
	CHECK_EQ(guest_result(&guest, third), -EPIPE);
	CHECK(guest.server.exit.done);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	start();
	test_lazy_writes();
	close(from_stdout);
	stop();
	start();
	test_lazy_broken_pipe();
	stop();
	return 0;
}
