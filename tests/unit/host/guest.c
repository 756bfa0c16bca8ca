/* SPDX-License-Identifier: BSD-3-Clause */
#include "guest.h"

#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char *const no_strings[] = {NULL};

static uint64_t no_clock(void *context)
{
	(void)context;
	return 1000000000u;
}

static const struct guest_mem *test_memory(void *context)
{
	struct guest *guest = context;
	return &guest->mem;
}

static void take_reply(void *context, const struct hc_reply *reply, const void *payload,
		       size_t size)
{
	struct guest *guest = context;

	CHECK_EQ(reply->length, sizeof(*reply) + size);
	CHECK((reply->flags & ~HC_FLAG_LAZY) == 0 && reply->reserved == 0);
	if (reply->tag == HC_TAG_EVENT) {
		guest->events++;
		guest->last_event = reply->val[0];
		return;
	}
	struct guest_reply *slot = &guest->replies[reply->tag % GUEST_TAGS];
	CHECK(!slot->arrived);
	CHECK(size <= HC_DATA_MAX);
	slot->arrived = true;
	slot->head = *reply;
	slot->size = size;
	if (size)
		memcpy(slot->payload, payload, size);
}

void guest_start(struct guest *guest, const int *std)
{
	int null[3];

	signal(SIGPIPE, SIG_IGN); /* as the proxy does */
	if (!guest->mounts.cwd)
		guest->mounts.cwd = strdup("/");
	for (int i = 0; i < 3 && !std; i++)
		null[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	CHECK_EQ(guest_mem_create(&guest->mem, 16 << 20, 8 << 20), 0);
	CHECK_EQ(file_server_init(&guest->files, &guest->mounts, std ? std : null,
				  open("/dev/null", O_WRONLY | O_CLOEXEC)),
		 0);
	guest->identity.argv = no_strings;
	guest->identity.envp = guest->identity.envp ? guest->identity.envp : no_strings;
	guest->identity.image = "/image";
	guest->identity.tsc_hz = no_clock;
	guest->identity.memory = test_memory;
	guest->identity.context = guest;
	CHECK_EQ(hostcall_server_init(&guest->server, &guest->files, &guest->identity), 0);
	guest->server.send = take_reply;
	guest->server.context = guest;
	guest->out = malloc(HC_DATA_MAX);
	for (unsigned i = 0; i < GUEST_TAGS; i++)
		guest->replies[i].payload = malloc(HC_DATA_MAX);
	uint64_t arg[4] = {HC_MAGIC, HC_VERSION, HC_FEAT_SHM, 16 << 20};
	CHECK_EQ(guest_call(guest, HC_HELLO, 0, arg, NULL, 0)->head.result, 0);
}

void guest_stop(struct guest *guest)
{
	hostcall_server_destroy(&guest->server);
	file_server_destroy(&guest->files);
	mount_table_destroy(&guest->mounts);
	guest_mem_destroy(&guest->mem);
	free(guest->out);
	for (unsigned i = 0; i < GUEST_TAGS; i++)
		free(guest->replies[i].payload);
}

uint32_t guest_send(struct guest *guest, const struct hc_request *request, const void *payload,
		    size_t size)
{
	struct hc_request copy = *request;

	copy.tag = guest->next_tag++;
	copy.length = (uint32_t)(sizeof(copy) + size);
	guest->replies[copy.tag % GUEST_TAGS].arrived = false;
	/* A copy of its own, so that the sanitizer sees a step beyond it. */
	uint8_t *own = malloc(size ? size : 1);
	if (size)
		memcpy(own, payload, size);
	CHECK_EQ(hostcall_server_request(&guest->server, &copy, own, size, guest->out), 0);
	free(own);
	return copy.tag;
}

struct guest_reply *guest_reply(struct guest *guest, uint32_t tag)
{
	return &guest->replies[tag % GUEST_TAGS];
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool guest_wait(struct guest *guest, uint32_t tag, int timeout_ms)
{
	struct pollfd set[HOSTCALL_DEFERRED_MAX + 1];
	int64_t end = now_ms() + timeout_ms;

	while (!guest_reply(guest, tag)->arrived) {
		int64_t left = end - now_ms();
		uint64_t ticks;
		if (left < 0)
			return false;
		set[0] = (struct pollfd){.fd = guest->files.wake_fd, .events = POLLIN};
		int count = hostcall_server_poll_set(&guest->server, set + 1,
						     (int)HOSTCALL_DEFERRED_MAX);
		poll(set, (nfds_t)count + 1, (int)left);
		if (set[0].revents)
			CHECK(read(guest->files.wake_fd, &ticks, sizeof(ticks)) > 0);
		hostcall_server_poll_done(&guest->server, set + 1, count);
	}
	return true;
}

int64_t guest_result(struct guest *guest, uint32_t tag)
{
	CHECK(guest_reply(guest, tag)->arrived);
	return guest_reply(guest, tag)->head.result;
}

struct guest_reply *guest_call(struct guest *guest, uint16_t op, uint32_t handle,
			       const uint64_t *arg, const void *payload, size_t size)
{
	struct hc_request request = {.op = op, .handle = handle};
	memcpy(request.arg, arg, sizeof(request.arg));
	uint32_t tag = guest_send(guest, &request, payload, size);
	CHECK(guest_wait(guest, tag, 10000));
	CHECK_EQ(guest_reply(guest, tag)->head.op, op);
	return guest_reply(guest, tag);
}

int64_t guest_path(struct guest *guest, uint16_t op, const char *path, uint64_t arg0, uint64_t arg1,
		   uint64_t arg2)
{
	uint64_t arg[4] = {arg0, arg1, arg2};
	return guest_call(guest, op, 0, arg, path, strlen(path))->head.result;
}

int64_t guest_open(struct guest *guest, const char *path, int flags, unsigned mode)
{
	return guest_path(guest, HC_OPEN, path, (uint64_t)flags, mode, 0);
}

int64_t guest_handle(struct guest *guest, uint16_t op, uint32_t handle, uint64_t arg0,
		     uint64_t arg1, uint64_t arg2)
{
	uint64_t arg[4] = {arg0, arg1, arg2};
	return guest_call(guest, op, handle, arg, NULL, 0)->head.result;
}

int64_t guest_close(struct guest *guest, uint32_t handle)
{
	return guest_handle(guest, HC_CLOSE, handle, 0, 0, 0);
}

int64_t guest_read(struct guest *guest, uint32_t handle, void *data, size_t size)
{
	uint64_t arg[4] = {size};
	struct guest_reply *reply = guest_call(guest, HC_READ, handle, arg, NULL, 0);
	if (reply->head.result > 0) {
		CHECK_EQ(reply->head.result, reply->size);
		memcpy(data, reply->payload, reply->size);
	}
	return reply->head.result;
}

int64_t guest_write(struct guest *guest, uint32_t handle, const void *data, size_t size)
{
	uint64_t arg[4] = {0};
	return guest_call(guest, HC_WRITE, handle, arg, data, size)->head.result;
}

int64_t guest_two_paths(struct guest *guest, uint16_t op, const char *first, const char *second,
			uint64_t arg0)
{
	uint64_t arg[4] = {arg0};
	size_t len = strlen(first) + 1, total = len + strlen(second);
	char *payload = malloc(total + 1);
	memcpy(payload, first, len);
	memcpy(payload + len, second, total - len + 1);
	int64_t result = guest_call(guest, op, 0, arg, payload, total)->head.result;
	free(payload);
	return result;
}

char *make_work_dir(void)
{
	char name[] = "/var/tmp/hermit-test-XXXXXX";
	char *path = mkdtemp(name) ? realpath(name, NULL) : NULL;
	CHECK(path);
	return path;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

void remove_work_dir(char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}
