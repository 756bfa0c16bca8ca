/* SPDX-License-Identifier: BSD-3-Clause */
/* Greeting, dispatch and deferred calls; see hostcall_server.h. The file calls are in file_*.c. */
#include "hostcall_server.h"

#include "hello.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int hostcall_server_init(struct hostcall_server *server, struct file_server *files,
			 const struct hostcall_identity *identity)
{
	*server = (struct hostcall_server){.files = files, .identity = identity};
	pthread_mutex_init(&server->lock, NULL);
	return 0;
}

static void deferred_destroy(struct deferred *deferred)
{
	free(deferred->request);
	deferred->destroy(deferred);
}

void hostcall_server_destroy(struct hostcall_server *server)
{
	while (server->deferred) {
		struct deferred *deferred = server->deferred;
		server->deferred = deferred->next;
		deferred_destroy(deferred);
	}
	free(server->strings);
	pthread_mutex_destroy(&server->lock);
}

static void server_reply(struct hostcall_server *server, uint16_t op, uint16_t flags, uint32_t tag,
			 int64_t result, const uint64_t val[2], const void *payload, size_t size)
{
	struct hc_reply reply = {.length = (uint32_t)(sizeof(reply) + size),
				 .op = op,
				 .flags = flags,
				 .tag = tag,
				 .result = result,
				 .val = {val[0], val[1]}};
	server->send(server->context, &reply, payload, size);
}

void hostcall_server_event(struct hostcall_server *server, enum hc_event event, uint64_t value)
{
	uint64_t val[2] = {value, 0};
	server_reply(server, (uint16_t)event, 0, HC_TAG_EVENT, 0, val, NULL, 0);
}

/* Takes the same time for all wrong tokens of the right length. */
static bool token_is_right(const char *token, const struct hostcall *call)
{
	size_t size = token ? strlen(token) : 0;
	unsigned different = 0;

	if (call->payload_size != size)
		return false;
	for (size_t i = 0; i < size; i++)
		different |= call->payload[i] ^ (unsigned char)token[i];
	return !different;
}

static int server_hello(struct hostcall_server *server, struct hostcall *call)
{
	const struct hc_request *request = &call->request;

	if (request->op != HC_HELLO || request->arg[0] != HC_MAGIC ||
	    request->arg[1] != HC_VERSION || !token_is_right(server->identity->token, call))
		return -EPROTO;
	int64_t result = hostcall_hello(server, call);
	if (result < 0)
		return -EPROTO;
	server->greeted = true;
	server_reply(server, request->op, 0, request->tag, result, call->val, call->out,
		     call->out_size);
	return 0;
}

/* The guest has ended, once nothing is left that it has written before. Lock held. */
static void server_try_leave(struct hostcall_server *server)
{
	if (server->leaving.done && !server->must_finish)
		server->exit = server->leaving;
}

static void server_exit(struct hostcall_server *server, const struct hc_request *request)
{
	unsigned why = (unsigned)request->arg[2];

	pthread_mutex_lock(&server->lock);
	if (!server->leaving.done)
		server->leaving = (struct hostcall_exit){.done = true,
							 .why = why,
							 .status = (int)(request->arg[0] & 0xff),
							 .signo = (int)(request->arg[1] & 0x7f)};
	/* After a panic nothing is waited for. */
	if (why > HC_EXIT_SIGNAL && !server->exit.done)
		server->exit = server->leaving;
	server_try_leave(server);
	pthread_mutex_unlock(&server->lock);
}

/* Takes *LINK out of the list of waiting calls. Lock held. */
static struct deferred *deferred_unlink(struct hostcall_server *server, struct deferred **link)
{
	struct deferred *deferred = *link;
	*link = deferred->next;
	server->deferred_count--;
	server->must_finish -= deferred->must_finish;
	server_try_leave(server);
	return deferred;
}

static void deferred_finish(struct hostcall_server *server, struct deferred *deferred,
			    int64_t result)
{
	server_reply(server, deferred->op, deferred->lazy ? HC_FLAG_LAZY : 0, deferred->tag, result,
		     deferred->val, deferred->out, deferred->out_size);
	deferred_destroy(deferred);
}

static void server_cancel(struct hostcall_server *server, uint32_t tag)
{
	struct deferred *found = NULL;
	int64_t result = 0;

	pthread_mutex_lock(&server->lock);
	for (struct deferred **link = &server->deferred; *link; link = &(*link)->next) {
		if ((*link)->tag != tag || (*link)->cancelled)
			continue;
		(*link)->cancelled = true;
		result = (*link)->cancel(*link);
		if (result != CALL_DEFERRED)
			found = deferred_unlink(server, link);
		break;
	}
	pthread_mutex_unlock(&server->lock);
	if (found)
		deferred_finish(server, found, result);
}

/* Is a call with this TAG waiting? Lock held. */
static bool server_tag_used(const struct hostcall_server *server, uint32_t tag)
{
	for (const struct deferred *d = server->deferred; d; d = d->next)
		if (d->tag == tag)
			return true;
	return false;
}

/* Keeps a call that waits, with REQUEST and PAYLOAD as they came: serving it may have changed the
 * call's own. False when the guest has too many already. */
static bool server_defer(struct hostcall_server *server, struct deferred *deferred,
			 const struct hc_request *request, const uint8_t *payload,
			 size_t payload_size)
{
	if (server->keeps_requests) {
		deferred->request = malloc(sizeof(*request) + payload_size);
		if (!deferred->request)
			return false;
		memcpy(deferred->request, request, sizeof(*request));
		if (payload_size)
			memcpy(deferred->request + 1, payload, payload_size);
	}
	deferred->slot = -1;
	deferred->op = request->op;
	deferred->lazy = request->flags & HC_FLAG_LAZY;
	deferred->tag = request->tag;
	pthread_mutex_lock(&server->lock);
	bool fits = server->deferred_count < HOSTCALL_DEFERRED_MAX;
	if (fits) {
		struct deferred **link = &server->deferred;
		while (*link)
			link = &(*link)->next;
		deferred->next = NULL;
		*link = deferred;
		server->deferred_count++;
		server->must_finish += deferred->must_finish;
		server->checkpoint_wanted |= deferred->op == HC_CHECKPOINT;
	}
	pthread_mutex_unlock(&server->lock);
	return fits;
}

static int64_t server_dispatch(struct hostcall_server *server, struct hostcall *call)
{
	if (call->request.op == HC_STRINGS)
		return hostcall_strings(server, call);
	if (call->request.op == HC_CHECKPOINT)
		return hostcall_checkpoint(server, call);
	return file_server_call(server->files, call);
}

int hostcall_server_request(struct hostcall_server *server, const struct hc_request *request,
			    const uint8_t *payload, size_t payload_size, uint8_t *out)
{
	struct hostcall call = {
		.request = *request, .payload = payload, .payload_size = payload_size, .out = out};

	if (!server->greeted)
		return server_hello(server, &call);
	if (request->tag == HC_TAG_EVENT)
		return -EPROTO;
	if (request->op == HC_EXIT) {
		server_exit(server, request);
		return 0;
	}
	if (request->op == HC_CANCEL) {
		server_cancel(server, (uint32_t)request->arg[0]);
		return 0;
	}
	pthread_mutex_lock(&server->lock);
	bool tag_used = server_tag_used(server, request->tag);
	pthread_mutex_unlock(&server->lock);
	if (tag_used)
		return -EPROTO;

	int64_t result = server_dispatch(server, &call);
	if (result == CALL_DEFERRED) {
		if (server_defer(server, call.deferred, request, payload, payload_size))
			return 0;
		deferred_destroy(call.deferred);
		result = -EAGAIN;
		call.out_size = 0;
	}
	server_reply(server, request->op, request->flags & HC_FLAG_LAZY, request->tag, result,
		     call.val, out, call.out_size);
	return 0;
}

int hostcall_server_poll_set(struct hostcall_server *server, struct pollfd *set, int capacity)
{
	int count = 0;
	pthread_mutex_lock(&server->lock);
	for (struct deferred *d = server->deferred; d; d = d->next) {
		d->slot = count < capacity ? count : -1;
		if (d->slot >= 0)
			set[count++] = (struct pollfd){.fd = d->fd, .events = d->events};
	}
	pthread_mutex_unlock(&server->lock);
	return count;
}

void hostcall_server_poll_done(struct hostcall_server *server, const struct pollfd *set, int count)
{
	struct deferred *finished = NULL, **finished_end = &finished;

	pthread_mutex_lock(&server->lock);
	struct deferred **link = &server->deferred;
	while (*link) {
		struct deferred *deferred = *link;
		int64_t result = CALL_DEFERRED;
		bool polled = deferred->slot >= 0 && deferred->slot < count;
		short revents = polled ? set[deferred->slot].revents : 0;
		if (deferred->fd < 0 || revents)
			result = deferred->resume(deferred, revents);
		if (result == CALL_DEFERRED) {
			link = &deferred->next;
			continue;
		}
		deferred_unlink(server, link);
		deferred->result = result;
		deferred->next = NULL;
		*finished_end = deferred;
		finished_end = &deferred->next;
	}
	pthread_mutex_unlock(&server->lock);
	while (finished) {
		struct deferred *deferred = finished;
		finished = deferred->next;
		deferred_finish(server, deferred, deferred->result);
	}
}
