/* SPDX-License-Identifier: BSD-3-Clause */
/* Several threads call one server at a time, as the processors of a guest without channel would. */
#include "check.h"
#include "guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define THREADS 4u
#define ROUNDS	200

static struct guest guest;

/* What one thread gets back; its tags are its number plus multiples of THREADS. */
static struct caller {
	uint32_t number;
	uint8_t out[HC_DATA_MAX];
	struct hc_reply reply;
	bool arrived;
} callers[THREADS];

static void keep_reply(void *context, const struct hc_reply *reply, const void *payload,
		       size_t size)
{
	(void)context, (void)payload, (void)size;
	callers[reply->tag % THREADS].reply = *reply;
	callers[reply->tag % THREADS].arrived = true;
}

static int64_t call(struct caller *caller, uint16_t op, uint32_t handle, uint64_t arg0,
		    const char *payload)
{
	struct hc_request request = {
		.op = op, .tag = caller->number, .handle = handle, .arg = {arg0, 0600}};
	request.length = (uint32_t)(sizeof(request) + strlen(payload));
	caller->arrived = false;
	CHECK_EQ(hostcall_server_request(&guest.server, &request, (const uint8_t *)payload,
					 strlen(payload), caller->out),
		 0);
	CHECK(caller->arrived);
	return caller->reply.result;
}

static void *run(void *argument)
{
	struct caller *caller = argument;
	char path[32], other[32];

	snprintf(path, sizeof(path), "/w/thread-%u", caller->number);
	snprintf(other, sizeof(other), "/w/sub/../thread-%u", (caller->number + 1) % THREADS);
	for (int i = 0; i < ROUNDS; i++) {
		int64_t handle = call(caller, HC_OPEN, 0, O_RDWR | O_CREAT | O_APPEND, path);
		CHECK(handle >= 0);
		CHECK_EQ(call(caller, HC_WRITE, (uint32_t)handle, 0, path), strlen(path));
		CHECK_EQ(call(caller, HC_FLOCK, (uint32_t)handle, LOCK_EX | LOCK_NB, ""), 0);
		CHECK_EQ(call(caller, HC_CLOSE, (uint32_t)handle, 0, ""), 0);
		call(caller, HC_STAT, 0, 0, other);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	char *work = make_work_dir();
	char path[64];

	CHECK_EQ(mount_table_add_host(&guest.mounts, work, "/w", MOUNT_PLAIN_ONLY), 0);
	guest_start(&guest, NULL);
	guest.server.send = keep_reply;
	for (uint32_t i = 0; i < THREADS; i++) {
		callers[i].number = i;
		CHECK_EQ(pthread_create(&threads[i], NULL, run, &callers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		snprintf(path, sizeof(path), "%s/thread-%u", work, i);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		CHECK_EQ(lseek(fd, 0, SEEK_END), ROUNDS * strlen("/w/thread-0"));
		close(fd);
	}
	guest_stop(&guest);
	remove_work_dir(work);
	return 0;
}
