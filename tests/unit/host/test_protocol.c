/* SPDX-License-Identifier: BSD-3-Clause */
/* Greeting, malformed requests, events, exit, data by reference to guest memory. */
#include "check.h"
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct guest guest;

static int request(struct guest *to, uint16_t op, uint32_t tag, const uint64_t *arg)
{
	struct hc_request r = {.length = sizeof(r), .op = op, .tag = tag};
	memcpy(r.arg, arg, sizeof(r.arg));
	return hostcall_server_request(&to->server, &r, NULL, 0, to->out);
}

static void test_greeting(void)
{
	static const uint64_t good[4] = {HC_MAGIC, HC_VERSION, 0, 0},
			      magic[4] = {HC_MAGIC + 1, HC_VERSION, 0, 0},
			      version[4] = {HC_MAGIC, HC_VERSION + 1, 0, 0};
	guest.server.greeted = false;
	CHECK_EQ(request(&guest, HC_TIME, 1, good), -EPROTO);
	CHECK_EQ(request(&guest, HC_EXIT, 1, good), -EPROTO);
	CHECK(!guest.server.exit.done);
	CHECK_EQ(request(&guest, HC_HELLO, 1, magic), -EPROTO);
	CHECK_EQ(request(&guest, HC_HELLO, 1, version), -EPROTO);
	guest.server.greeted = true;
	/* A second greeting is an unknown call. */
	CHECK_EQ(guest_call(&guest, HC_HELLO, 0, good, NULL, 0)->head.result, -EBADMSG);
}

static void test_unknown_calls(void)
{
	static const uint64_t arg[4] = {0};
	for (unsigned op = HC_OP_COUNT; op < 70000; op += 97)
		CHECK_EQ(guest_call(&guest, (uint16_t)op, 0, arg, NULL, 0)->head.result, -EBADMSG);
	CHECK_EQ(guest_call(&guest, 0, 0, arg, NULL, 0)->head.result, -EBADMSG);
	CHECK_EQ(request(&guest, HC_TIME, HC_TAG_EVENT, arg), -EPROTO);
	for (int op = HC_READ; op <= HC_GETDENTS; op++)
		if (op != HC_STAT)
			CHECK_EQ(guest_call(&guest, (uint16_t)op, 12345, arg, NULL, 0)->head.result,
				 -EBADF);
	CHECK_EQ(guest_call(&guest, HC_CLOSE, UINT32_MAX, arg, NULL, 0)->head.result, -EBADF);
}

static void test_tag_reuse(void)
{
	struct hc_request read_call = {.length = sizeof(read_call), .op = HC_READ, .tag = 7};
	int pipe_fds[2];

	CHECK_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
	int64_t handle = handle_table_add(&guest.files.handles, handle_new(pipe_fds[0]));
	read_call.handle = (uint32_t)handle;
	read_call.arg[0] = 1;
	CHECK_EQ(hostcall_server_request(&guest.server, &read_call, NULL, 0, guest.out), 0);
	CHECK_EQ(hostcall_server_request(&guest.server, &read_call, NULL, 0, guest.out), -EPROTO);
	close(pipe_fds[1]);
	guest.replies[7].arrived = false;
	CHECK(guest_wait(&guest, 7, 1000));
	CHECK_EQ(guest_close(&guest, (uint32_t)handle), 0);
}

static void test_events_and_exit(void)
{
	static const uint64_t arg[4] = {0x1ff07, 0x10b, HC_EXIT_SIGNAL};
	hostcall_server_event(&guest.server, HC_EVENT_SIGNAL, 15);
	CHECK(guest.events == 1 && guest.last_event == 15);
	CHECK_EQ(request(&guest, HC_EXIT, 9, arg), 0);
	CHECK(guest.server.exit.done && guest.server.exit.why == HC_EXIT_SIGNAL);
	CHECK(guest.server.exit.status == 7 && guest.server.exit.signo == 11);
}

static int64_t transfer_segs(uint16_t op, uint32_t handle, const struct hc_seg *segs, size_t size)
{
	struct hc_request r = {.op = op, .handle = handle, .flags = HC_FLAG_SEGS};
	uint32_t tag = guest_send(&guest, &r, segs, size);
	CHECK_EQ(guest_reply(&guest, tag)->size, 0);
	return guest_result(&guest, tag);
}

/* Guest memory: 8 MiB at 0, 8 MiB at 4 GiB. */
static void test_segments(void)
{
	int fd = memfd_create("data", MFD_CLOEXEC);
	uint32_t handle = (uint32_t)handle_table_add(&guest.files.handles, handle_new(fd));
	struct hc_seg segs[3] = {{4096, 5}, {GUEST_MEM_HIGH_BASE + 10, 4}, {100, 3}};
	uint8_t *low = guest.mem.base, *high = guest.mem.base + (8 << 20);

	memcpy(low + 4096, "hello", 5);
	memcpy(high + 10, ", wo", 4);
	memcpy(low + 100, "rld", 3);
	CHECK_EQ(transfer_segs(HC_WRITE, handle, segs, sizeof(segs)), 12);
	memset(low, 0, 16 << 20);
	CHECK_EQ(transfer_segs(HC_PREAD, handle, segs, sizeof(segs)), 12);
	CHECK(memcmp(low + 4096, "hello", 5) == 0 && memcmp(high + 10, ", wo", 4) == 0);
	CHECK_EQ(memcmp(low + 100, "rld", 3), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 12);
	CHECK_EQ(transfer_segs(HC_READ, handle, segs, sizeof(segs)), 0);

	/* What is no RAM is not touched. */
	static const struct hc_seg bad[] = {{8u << 20, 1},
					    {(8u << 20) - 1, 2},
					    {UINT64_MAX, 1},
					    {0, UINT64_MAX},
					    {GUEST_MEM_HIGH_BASE - 1, 1},
					    {GUEST_MEM_HIGH_BASE + (8u << 20), 1},
					    {GUEST_MEM_HIGH_BASE, (8u << 20) + 1}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		segs[2] = bad[i];
		int64_t result = transfer_segs(HC_PREAD, handle, segs, sizeof(segs));
		CHECK(result == -EFAULT || result == -EINVAL);
	}
	CHECK_EQ(transfer_segs(HC_PREAD, handle, segs, sizeof(segs) - 1), -EBADMSG);
	CHECK_EQ(transfer_segs(HC_PREAD, handle, segs, 0), 0);
	/* -1 is no offset, as it is for pwritev2(). */
	static const uint64_t nowhere[4] = {0, UINT64_MAX};
	CHECK_EQ(guest_call(&guest, HC_PWRITE, handle, nowhere, "x", 1)->head.result, -EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 12);
	static struct hc_seg many[HC_SEGS_MAX + 1];
	CHECK_EQ(transfer_segs(HC_PREAD, handle, many, sizeof(many)), -EINVAL);
	for (int i = 0; i < 9; i++)
		many[i] = (struct hc_seg){0, 8u << 20};
	CHECK_EQ(transfer_segs(HC_PWRITE, handle, many, 9 * sizeof(many[0])), -EINVAL);
	CHECK_EQ(guest_close(&guest, handle), 0);
}

/* More than one buffer full, in pieces that are not in order. */
static void test_large_segments(void)
{
	enum { SIZE = 3 << 20, PIECE = 3 << 12 };
	int fd = memfd_create("data", MFD_CLOEXEC);
	uint32_t handle = (uint32_t)handle_table_add(&guest.files.handles, handle_new(fd));
	struct hc_seg segs[SIZE / PIECE];
	uint8_t *memory = guest.mem.base, *file = malloc(SIZE);

	for (size_t i = 0; i < SIZE / PIECE; i++)
		segs[i] = (struct hc_seg){i * 4999 % 997 * 8192, PIECE};
	for (size_t i = 0; i < SIZE / PIECE; i++)
		for (size_t j = 0; j < PIECE; j++)
			memory[segs[i].gpa + j] = (uint8_t)(segs[i].gpa / 64 + j * 3);
	CHECK_EQ(transfer_segs(HC_WRITE, handle, segs, sizeof(segs)), SIZE);
	CHECK_EQ(pread(fd, file, SIZE, 0), SIZE);
	for (size_t i = 0; i < SIZE; i += 501)
		CHECK_EQ(file[i], memory[segs[i / PIECE].gpa + i % PIECE]);
	memset(memory, 0, 8 << 20);
	CHECK_EQ(guest_handle(&guest, HC_LSEEK, handle, 0, SEEK_SET, 0), 0);
	CHECK_EQ(transfer_segs(HC_READ, handle, segs, sizeof(segs)), SIZE);
	CHECK_EQ(ftruncate(fd, SIZE - 1000), 0);
	CHECK_EQ(transfer_segs(HC_PREAD, handle, segs, sizeof(segs)), SIZE - 1000);
	CHECK_EQ(guest_close(&guest, handle), 0);
	free(file);
}

/* Streams: what waits is in memory of the host until it goes on. */
static void test_segments_on_streams(void)
{
	enum { SIZE = 2 << 20 };
	int pair[2];
	struct hc_seg seg = {4096, SIZE};
	uint8_t *memory = guest.mem.base + 4096, *got = malloc(SIZE);

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	uint32_t handle = (uint32_t)handle_table_add(&guest.files.handles, handle_new(pair[0]));
	for (size_t i = 0; i < SIZE; i++)
		memory[i] = (uint8_t)(i / 7);
	struct hc_request r = {.op = HC_WRITE, .handle = handle, .flags = HC_FLAG_SEGS};
	uint32_t tag = guest_send(&guest, &r, &seg, sizeof(seg));
	CHECK(!guest_wait(&guest, tag, 10));
	for (size_t have = 0; have < SIZE;) {
		ssize_t n = recv(pair[1], got + have, SIZE - have, MSG_DONTWAIT);
		have += n > 0 ? (size_t)n : 0;
		guest_wait(&guest, tag, 0);
	}
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), SIZE);
	CHECK_EQ(memcmp(got, memory, SIZE), 0);
	memset(memory, 0, SIZE);
	r.op = HC_READ;
	tag = guest_send(&guest, &r, &seg, sizeof(seg));
	CHECK(!guest_wait(&guest, tag, 10));
	CHECK_EQ(write(pair[1], "arrived", 7), 7);
	CHECK(guest_wait(&guest, tag, 1000));
	CHECK_EQ(guest_result(&guest, tag), 7);
	CHECK_EQ(memcmp(memory, "arrived", 7), 0);
	CHECK_EQ(guest_reply(&guest, tag)->size, 0);
	close(pair[1]);
	CHECK_EQ(guest_close(&guest, handle), 0);
	free(got);
}

static void test_guest_memory(void)
{
	struct guest_mem mapped = guest.mem;

	test_segments();
	test_large_segments();
	test_segments_on_streams();
	/* The same as with QEMU: the memory of a process. */
	struct guest_mem remote;
	guest_mem_attach(&remote, getpid(), (uintptr_t)mapped.base, 16 << 20, 8 << 20);
	guest.files.mem = &remote;
	test_segments();
	test_large_segments();
	test_segments_on_streams();
	/* Not reachable at all. */
	guest.files.mem = NULL;
	CHECK_EQ(transfer_segs(HC_PREAD, HC_STDIN, &(struct hc_seg){0, 1}, sizeof(struct hc_seg)),
		 -EBADMSG);
	guest.files.mem = &guest.mem;
}

/* More arguments and environment than a frame holds. */
static void test_many_strings(void)
{
	enum { COUNT = 40, EACH = 100000 };
	static struct guest rich;
	static char *strings[COUNT + 1];
	struct hc_hello_reply hello;
	uint64_t arg[4] = {HC_MAGIC, HC_VERSION, HC_FEAT_SHM};

	for (int i = 0; i < COUNT; i++) {
		strings[i] = malloc(EACH + 1);
		memset(strings[i], 'a' + i % 26, EACH);
		strings[i][EACH] = '\0';
	}
	rich.identity.envp = strings;
	rich.identity.argc = 0;
	guest_start(&rich, NULL);
	memcpy(&hello, rich.replies[0].payload, sizeof(hello));
	CHECK(hello.envc == COUNT && hello.features == HC_FEAT_SHM);
	CHECK(hello.strings_size > COUNT * (EACH + 1));
	CHECK_EQ(rich.replies[0].size, HC_DATA_MAX);
	size_t at = HC_DATA_MAX - sizeof(hello);
	while (at < hello.strings_size) {
		arg[0] = at;
		struct guest_reply *reply = guest_call(&rich, HC_STRINGS, 0, arg, NULL, 0);
		CHECK(reply->head.result > 0);
		for (size_t i = 0; i < reply->size; i++)
			CHECK_EQ(reply->payload[i], (uint8_t)rich.server.strings[at + i]);
		at += reply->size;
	}
	CHECK_EQ(at, hello.strings_size);
	arg[0] = at;
	CHECK_EQ(guest_call(&rich, HC_STRINGS, 0, arg, NULL, 0)->head.result, 0);
	arg[0] = UINT64_MAX;
	CHECK_EQ(guest_call(&rich, HC_STRINGS, 0, arg, NULL, 0)->head.result, 0);
	guest_stop(&rich);
	for (int i = 0; i < COUNT; i++)
		free(strings[i]);
}

static void test_report(void)
{
	uint64_t arg[4] = {0};
	CHECK_EQ(guest_close(&guest, HC_STDERR), 0);
	CHECK_EQ(guest_call(&guest, HC_REPORT, 0, arg, "text", 4)->head.result, 0);
	struct guest_reply *reply = guest_call(&guest, HC_TIME, 0, arg, NULL, 0);
	CHECK(reply->head.result == 0 && reply->head.val[0] > 1700000000ull * 1000000000ull);
}

/* With requests that are kept: a report whose text is longer than the request waits. */
static void test_kept_requests(void)
{
	static const char text[] = "at {0x1}";
	struct hc_request report = {
		.length = sizeof(report) + sizeof(text), .op = HC_REPORT, .flags = HC_FLAG_LAZY};
	struct handle *usual = guest.files.report;
	uint64_t arg[4] = {0};
	uint8_t piece[4096] = {0};
	int pipe_fds[2];

	CHECK_EQ(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(pipe_fds[1], piece, sizeof(piece)) > 0)
		;
	guest.files.report = handle_new(pipe_fds[1]);
	guest.files.image_path = "/proc/self/exe";
	guest.server.keeps_requests = true;
	uint32_t tag = guest_send(&guest, &report, text, sizeof(text));
	CHECK(!guest_wait(&guest, tag, 10));
	const struct hc_request *kept = guest.server.deferred->request;
	CHECK(kept->length == report.length && kept->flags == HC_FLAG_LAZY);
	CHECK_EQ(memcmp(kept + 1, text, sizeof(text)), 0);
	while (read(pipe_fds[0], piece, sizeof(piece)) > 0)
		;
	CHECK(guest_wait(&guest, tag, 10000));
	CHECK(guest_result(&guest, tag) >= 0);
	handle_put(guest.files.report);
	guest.files.report = usual;
	guest.files.image_path = NULL;
	close(pipe_fds[0]);

	/* No room for a call that waits: nobody waits for a checkpoint. */
	guest.server.deferred_count = HOSTCALL_DEFERRED_MAX;
	CHECK_EQ(guest_call(&guest, HC_CHECKPOINT, 0, arg, NULL, 0)->head.result, -EAGAIN);
	CHECK(!guest.server.checkpoint_wanted);
	guest.server.deferred_count = 0;
	guest.server.keeps_requests = false;
}

int main(void)
{
	guest_start(&guest, NULL);
	test_greeting();
	test_unknown_calls();
	test_tag_reuse();
	test_guest_memory();
	test_many_strings();
	test_report();
	test_kept_requests();
	test_events_and_exit();
	guest_stop(&guest);
	return 0;
}
