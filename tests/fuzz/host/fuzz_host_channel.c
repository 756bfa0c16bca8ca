/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that sends anything: fuzz input becomes the byte stream of the host channel, served by
 * the real server on a scratch directory. Two forms: raw bytes, and a compact description of
 * requests that are well-formed as frames, so that the fuzzer gets past the parser.
 */
#include <common/frame_io.h>
#include <common/hostcall_server.h>
#include <common/mount_rules.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNS_PER_CLEANUP 500

static char work[] = "/tmp/hermit-fuzz-XXXXXX";
static struct mount_table mounts;
static struct guest_mem mapped, remote;
static uint8_t *out;
static char *const no_strings[] = {NULL};

static uint64_t no_clock(void *context)
{
	(void)context;
	return 0;
}

/* Context: the input; one bit of it says whether the memory is mapped or reached as QEMU's is. */
static const struct guest_mem *memory(void *context)
{
	const uint8_t *data = context;
	return data[0] & 4 ? &mapped : &remote;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type;
	if (where->level > 0)
		remove(path);
	return 0;
}

static void clean(void)
{
	nftw(work, remove_entry, 32, FTW_DEPTH | FTW_PHYS);
	chmod(work, 0700);
}

static void remove_work(void)
{
	clean();
	rmdir(work);
}

static void require(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "fuzz_host_channel: %s\n", what);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct rlimit size = {1 << 20, 1 << 20};

	(void)argc, (void)argv;
	setrlimit(RLIMIT_FSIZE, &size);
	require(mkdtemp(work) && atexit(remove_work) == 0, "no scratch directory");
	require(mount_table_add_host(&mounts, work, "/w", MOUNT_PLAIN_ONLY) == 0 &&
			mount_table_add_host(&mounts, "/etc", "/ro/etc", MOUNT_READONLY) == 0 &&
			mount_table_add_guest(&mounts, "/tmp") == 0,
		"no mounts");
	mounts.cwd = strdup("/w");
	require(guest_mem_create(&mapped, 1 << 20, 1 << 19) == 0, "no guest memory");
	guest_mem_attach(&remote, getpid(), (uintptr_t)mapped.base, 1 << 20, 1 << 19);
	out = malloc(HC_DATA_MAX);
	return 0;
}

/* Replies must be what the header promises. */
static void check_reply(void *context, const struct hc_reply *reply, const void *payload,
			size_t size)
{
	(void)context;
	require(reply->length == sizeof(*reply) + size && reply->length <= HC_FRAME_MAX,
		"a frame of the wrong size");
	require(reply->result > -4096 || reply->result == HC_REDIRECT, "no errno");
	for (size_t i = 0; i < size; i++)
		out[0] ^= ((const uint8_t *)payload)[i];
}

static void serve(struct hostcall_server *server, struct frame_reader *reader)
{
	struct hc_request request;
	const uint8_t *payload;
	size_t size;
	struct pollfd set[64];

	while (frame_reader_next(reader, &request, &payload, &size) == 1) {
		if (hostcall_server_request(server, &request, payload, size, out) != 0)
			return;
		int count = hostcall_server_poll_set(server, set, 64);
		poll(set, (nfds_t)count, 0);
		hostcall_server_poll_done(server, set, count);
	}
}

static void feed_request(struct frame_reader *reader, const struct hc_request *head,
			 const uint8_t *payload, size_t size)
{
	struct hc_request request = *head;
	request.length = (uint32_t)(sizeof(request) + size);
	frame_reader_feed(reader, &request, sizeof(request));
	frame_reader_feed(reader, payload, size);
}

/* A small number or an odd one from one byte. */
static uint64_t expand(uint8_t byte)
{
	if (byte < 0xa0)
		return byte;
	if (byte < 0xe0)
		return 1ull << (byte - 0xa0);
	return 0 - (uint64_t)(0x100 - byte);
}

static void feed_described(struct frame_reader *reader, const uint8_t *data, size_t size)
{
	for (uint32_t tag = 1; size >= 8; tag++) {
		struct hc_request request = {.op = data[0] % (HC_OP_COUNT + 1),
					     .flags = data[1] & 15,
					     .tag = tag,
					     .handle = data[2] & 15};
		size_t payload = data[3];
		for (int i = 0; i < 4; i++)
			request.arg[i] = expand(data[4 + i]);
		/* Open flags live in bits that one byte does not reach. */
		request.arg[0] |= (uint64_t)(data[1] >> 2) << 6;
		data += 8;
		size -= 8;
		payload = payload < size ? payload : size;
		feed_request(reader, &request, data, payload);
		data += payload;
		size -= payload;
	}
}

static void greet(struct frame_reader *reader)
{
	static const struct hc_request hello = {.op = HC_HELLO,
						.arg = {HC_MAGIC, HC_VERSION, HC_FEAT_SHM}};
	feed_request(reader, &hello, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned runs;
	struct hostcall_server server;
	struct file_server files;
	struct frame_reader reader;
	int std[3] = {-1, -1, -1};
	struct hostcall_identity identity = {.argv = no_strings,
					     .envp = no_strings,
					     .image = "/image",
					     .tsc_hz = no_clock,
					     .memory = memory,
					     .context = (void *)(uintptr_t)data};

	if (size == 0 || size > HC_FRAME_MAX / 2)
		return 0;
	/* As in the proxy; libFuzzer has set a handler of its own meanwhile. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	require(file_server_init(&files, &mounts, std, open("/dev/null", O_WRONLY)) == 0 &&
			hostcall_server_init(&server, &files, &identity) == 0 &&
			frame_reader_init(&reader) == 0,
		"out of memory");
	server.send = check_reply;
	if (data[0] & 1)
		greet(&reader);
	if (data[0] & 2)
		feed_described(&reader, data + 1, size - 1);
	else
		frame_reader_feed(&reader, data + 1, size - 1);
	serve(&server, &reader);
	frame_reader_destroy(&reader);
	hostcall_server_destroy(&server);
	file_server_destroy(&files);
	if (++runs % RUNS_PER_CLEANUP == 0)
		clean();
	return 0;
}
