/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One host call inside the host, and calls that wait. A call lives on the stack of the thread that
 * serves it; one that cannot end at once leaves a `struct deferred` behind.
 */
#ifndef HOST_HOSTCALL_H
#define HOST_HOSTCALL_H

#include <abi/hostcall.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A handler's result: the call goes on later; call->deferred says how. Not an errno. */
#define CALL_DEFERRED (-6001)

struct deferred;

struct hostcall {
	struct hc_request request;
	const uint8_t *payload; /* not aligned */
	size_t payload_size;
	uint64_t val[2];
	uint8_t *out; /* room for HC_DATA_MAX bytes of reply payload */
	size_t out_size;
	struct deferred *deferred;
};

/*
 * A call that waits: for EVENTS on FD, or (fd -1) for a call of hostcall_server_wake() after which
 * resume() has something to say. Owned by the server once a handler has returned it.
 */
struct deferred {
	struct deferred *next;
	uint16_t op;
	uint32_t tag;
	int fd;
	short events;
	int slot; /* in the last poll set; -1: was not in it */
	bool cancelled;
	bool must_finish; /* before the end of the guest takes effect */
	bool lazy;	  /* its reply is in no hurry */
	int64_t result;	  /* once it has ended */
	uint64_t val[2];
	struct hc_request *request; /* with its payload, where the server keeps requests; owned */
	const uint8_t *out;	    /* reply payload, valid until destroy() */
	size_t out_size;
	/* Goes on; REVENTS is what poll() said (0: only asked). Result or CALL_DEFERRED. */
	int64_t (*resume)(struct deferred *deferred, short revents);
	/* The guest gives up. Result to send, or CALL_DEFERRED: it ends soon by itself. */
	int64_t (*cancel)(struct deferred *deferred);
	void (*destroy)(struct deferred *deferred);
};

#endif /* HOST_HOSTCALL_H */
