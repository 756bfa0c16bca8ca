/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the main loop (machine.c) needs of an isle, whatever runs the guest: how the bytes of the
 * host channel come and go, what else there is to wait for, how it ends.
 * Context: the proxy's main thread. Nothing here blocks but wait().
 */
#ifndef PROXY_ISLE_H
#define PROXY_ISLE_H

#include "common/frame_io.h"
#include "common/guest_mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct machine;

struct isle_ops {
	/* Puts what the guest has sent into READER. Bytes, 0: no more will come, -EAGAIN: nothing
	 * now, or another -errno: the guest broke the protocol. */
	ssize_t (*receive)(void *context, struct frame_reader *reader);
	/* Sends as much as the guest takes now. Bytes, -EAGAIN: nothing, or another -errno. */
	ssize_t (*send)(void *context, const struct iovec *pieces, int count);
	/* All that was sent is a whole frame, or more of one that waited; may be NULL. LAZY: nobody
	 * waits for it. */
	void (*notify)(void *context, bool lazy);
	/* Before the main loop waits for the channel; may be NULL. How long to wait, TIMEOUT_MS
	 * (-1: no limit) at most, and not at all when there is something to receive. LAZY: requests
	 * without hurry have come since the last wait. And after each wait; may be NULL. */
	int (*before_wait)(void *context, int timeout_ms, bool lazy);
	void (*after_wait)(void *context);
	/* Who is at the other end of the channel has not greeted as our guest does, and is sent
	 * away. False: nobody else can come. NULL: nobody but our guest is there. */
	bool (*next_peer)(void *context);
	/* Our guest has greeted; may be NULL. */
	void (*greeted)(void *context);
	/* Rate of the guest's time stamp counter in Hz, 0: unknown. */
	uint64_t (*tsc_hz)(void *context);
	/* The guest's memory, once HELLO has come; NULL: it cannot be reached. */
	const struct guest_mem *(*memory)(void *context);
	/* The user stops the proxy; it goes on. */
	void (*stop)(void *context);
	void (*resume)(void *context);
	/* Ends the guest now. */
	void (*kill)(void *context);
	/* The guest has ended, or has been killed: waits for the last of it. */
	void (*wait)(void *context);
	/* debug_fd is readable; may be NULL. */
	void (*debug)(void *context);
	/* The exit status is known; may be NULL. */
	void (*exited)(void *context, int status);
	/* It has ended, and the guest never said that it exits: a message, and the exit status. */
	int (*end_status)(struct machine *machine, void *context);
};

struct isle {
	const struct isle_ops *ops;
	void *context;
	const char *name; /* for messages: "QEMU" */
	int channel_fd; /* readable: receive, or (unless POLLS_OUT) send may have something to do */
	bool polls_out; /* channel_fd is writable when the guest takes more */
	const char *token; /* that the guest has to greet with; NULL: none */
	int end_fd;	   /* readable: the guest has ended */
	int log_fd;	   /* what the kernel prints, non-blocking */
	int error_fd;	   /* what the isle itself has to say, non-blocking; -1: nothing */
	int debug_fd;	   /* the isle's debugger, -1: none */
};

#endif /* PROXY_ISLE_H */
