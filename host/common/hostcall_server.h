/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server side of the host channel (abi/hostcall.h), without the transport: takes requests,
 * gives replies to a callback. One server serves one guest. Locks: hostcall_server.lock guards the
 * deferred calls and the exit; hostcall_server_request() may run in several threads at once, each
 * with an output buffer of its own.
 */
#ifndef HOST_HOSTCALL_SERVER_H
#define HOST_HOSTCALL_SERVER_H

#include "blob.h"
#include "file_server.h"
#include "hostcall.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>

/* Most calls that may wait at a time; one more gets -EAGAIN. */
#define HOSTCALL_DEFERRED_MAX 1024u

/* What the guest learns with HC_HELLO. All pointers live as long as the server. */
struct hostcall_identity {
	int argc;
	char *const *argv;
	char *const *envp;
	const char *image; /* the image's absolute path in the guest's name space */
	const char *token; /* that the guest has to send; NULL: none */
	uint32_t umask;
	uint64_t stack_limit;
	/* Rate of the guest's time stamp counter in Hz, 0: unknown. */
	uint64_t (*tsc_hz)(void *context);
	/* The guest's memory, asked for once, at HC_HELLO; NULL when it cannot be reached. */
	const struct guest_mem *(*memory)(void *context);
	void *context;
};

struct hostcall_exit {
	bool done;
	unsigned why; /* HC_EXIT_* */
	int status, signo;
};

struct hostcall_server {
	struct file_server *files;
	const struct hostcall_identity *identity;
	/* Sends a reply with its payload. Called with no lock held. */
	void (*send)(void *context, const struct hc_reply *reply, const void *payload, size_t size);
	void *context;
	bool greeted; /* HELLO has been answered */
	char *strings;
	size_t strings_size;

	pthread_mutex_t lock;
	struct deferred *deferred; /* calls that wait, oldest first */
	unsigned deferred_count;
	unsigned must_finish;		    /* deferred calls that the guest's end waits for */
	struct hostcall_exit exit, leaving; /* leaving: what exit will be once they have ended */
	bool keeps_requests; /* of calls that wait, for checkpoints. Set before the first request */
	bool checkpoint_wanted; /* the guest has asked for one: hostcall_checkpoint_done */
};

/* 0 or -ENOMEM. */
int hostcall_server_init(struct hostcall_server *server, struct file_server *files,
			 const struct hostcall_identity *identity);
void hostcall_server_destroy(struct hostcall_server *server);

/*
 * Serves one request. OUT has room for HC_DATA_MAX bytes. 0, or -EPROTO: the guest has broken the
 * protocol so that the channel must be closed.
 */
int hostcall_server_request(struct hostcall_server *server, const struct hc_request *request,
			    const uint8_t *payload, size_t payload_size, uint8_t *out);

/* Sends an event to the guest. */
void hostcall_server_event(struct hostcall_server *server, enum hc_event event, uint64_t value);

/* Descriptors that deferred calls wait for: fills SET, returns their number (at most CAPACITY). */
int hostcall_server_poll_set(struct hostcall_server *server, struct pollfd *set, int capacity);
/* Goes on with the calls whose descriptors are ready, given the last poll set after poll(). Other
 * threads may have added and cancelled calls meanwhile. */
void hostcall_server_poll_done(struct hostcall_server *server, const struct pollfd *set, int count);

/*
 * Checkpoints (hostcall_checkpoint.c); with keeps_requests, between two requests. A call that waits
 * is served anew after a restore, so it must not have had an effect yet: is that so for all of
 * them, and does the guest still run?
 */
bool hostcall_server_is_quiet(struct hostcall_server *server);
void hostcall_server_save(struct hostcall_server *server, struct blob *out);
/* In place of HELLO. Sends replies. 0, -EINVAL (what was saved is not valid) or -ENOMEM. */
int hostcall_server_restore(struct hostcall_server *server, struct blob_reader *in, uint8_t *out);
/* HC_CHECKPOINT */
int64_t hostcall_checkpoint(struct hostcall_server *server, struct hostcall *call);
/* All that wait for a checkpoint have RESULT: 0 or -errno. */
void hostcall_checkpoint_done(struct hostcall_server *server, int64_t result);

#endif /* HOST_HOSTCALL_SERVER_H */
