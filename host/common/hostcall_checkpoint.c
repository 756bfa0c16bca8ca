/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the server knows of a guest, in a checkpoint: the strings of the greeting and the calls that
 * wait. These are kept as requests and served anew by the proxy that restores: reading from a
 * stream, polling, waiting for a lock or a sync. Writes to a stream may be half done, so they are
 * waited for. A call for a checkpoint is answered with 1 there.
 */
#include "hostcall_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STRINGS_MAX (64u << 20)

/* A call for a checkpoint that waits. */
struct waiting_checkpoint {
	struct deferred deferred;
	bool done;
	int64_t result;
};

static int64_t checkpoint_resume(struct deferred *deferred, short revents)
{
	const struct waiting_checkpoint *waiting = (const struct waiting_checkpoint *)deferred;

	(void)revents;
	return waiting->done ? waiting->result : CALL_DEFERRED;
}

static int64_t checkpoint_cancel(struct deferred *deferred)
{
	(void)deferred;
	return CALL_DEFERRED;
}

static void checkpoint_destroy(struct deferred *deferred)
{
	free(deferred);
}

int64_t hostcall_checkpoint(struct hostcall_server *server, struct hostcall *call)
{
	if (!server->keeps_requests)
		return -EOPNOTSUPP;
	struct waiting_checkpoint *waiting = calloc(1, sizeof(*waiting));
	if (!waiting)
		return -ENOMEM;
	waiting->deferred.fd = -1;
	waiting->deferred.resume = checkpoint_resume;
	waiting->deferred.cancel = checkpoint_cancel;
	waiting->deferred.destroy = checkpoint_destroy;
	call->deferred = &waiting->deferred;
	return CALL_DEFERRED;
}

void hostcall_checkpoint_done(struct hostcall_server *server, int64_t result)
{
	pthread_mutex_lock(&server->lock);
	for (struct deferred *d = server->deferred; d; d = d->next) {
		struct waiting_checkpoint *waiting = (struct waiting_checkpoint *)d;
		if (d->op != HC_CHECKPOINT)
			continue;
		waiting->done = true;
		waiting->result = result;
	}
	pthread_mutex_unlock(&server->lock);
	server->checkpoint_wanted = false;
	hostcall_server_poll_done(server, NULL, 0);
}

bool hostcall_server_is_quiet(struct hostcall_server *server)
{
	pthread_mutex_lock(&server->lock);
	bool quiet = server->greeted && !server->leaving.done;
	for (const struct deferred *d = server->deferred; d && quiet; d = d->next)
		quiet = d->op != HC_WRITE && d->op != HC_REPORT;
	pthread_mutex_unlock(&server->lock);
	return quiet;
}

void hostcall_server_save(struct hostcall_server *server, struct blob *out)
{
	uint32_t count = 0;

	blob_put_u32(out, (uint32_t)server->strings_size);
	blob_put(out, server->strings, server->strings_size);
	pthread_mutex_lock(&server->lock);
	for (const struct deferred *d = server->deferred; d; d = d->next)
		count++;
	blob_put_u32(out, count);
	for (const struct deferred *d = server->deferred; d; d = d->next) {
		blob_put_u32(out, d->cancelled);
		blob_put(out, d->request, d->request->length);
	}
	pthread_mutex_unlock(&server->lock);
}

static int restore_strings(struct hostcall_server *server, struct blob_reader *in)
{
	uint32_t size = blob_get_u32(in);
	const uint8_t *strings = size <= STRINGS_MAX ? blob_take(in, size) : NULL;

	if (!strings)
		return -EINVAL;
	server->strings = malloc(size ? size : 1);
	if (!server->strings)
		return -ENOMEM;
	memcpy(server->strings, strings, size);
	server->strings_size = size;
	return 0;
}

/* Answers a call without serving it. */
static void reply(struct hostcall_server *server, const struct hc_request *request, int64_t result)
{
	const struct hc_reply answer = {.length = sizeof(answer),
					.op = request->op,
					.flags = request->flags & HC_FLAG_LAZY,
					.tag = request->tag,
					.result = result};

	server->send(server->context, &answer, NULL, 0);
}

static int restore_call(struct hostcall_server *server, struct blob_reader *in, uint8_t *out)
{
	struct hc_request request;

	/* The guest has given it up already. */
	bool cancelled = blob_get_u32(in) != 0;
	blob_get(in, &request, sizeof(request));
	if (in->failed || request.length < sizeof(request) || request.length > HC_FRAME_MAX)
		return -EINVAL;
	size_t size = request.length - sizeof(request);
	const uint8_t *payload = blob_take(in, size);
	if (!payload)
		return -EINVAL;
	if (request.op == HC_CHECKPOINT || cancelled) {
		reply(server, &request, cancelled ? -EINTR : 1);
		return 0;
	}
	return hostcall_server_request(server, &request, payload, size, out) ? -EINVAL : 0;
}

int hostcall_server_restore(struct hostcall_server *server, struct blob_reader *in, uint8_t *out)
{
	const struct hostcall_identity *id = server->identity;
	int err = restore_strings(server, in);

	server->files->mem = id->memory(id->context);
	server->greeted = true;
	uint32_t count = blob_get_u32(in);
	if (count > HOSTCALL_DEFERRED_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < count && !err; i++)
		err = restore_call(server, in, out);
	return err || in->failed ? (err ? err : -EINVAL) : 0;
}
