/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host calls (abi/hostcall.h): the kernel's side. Any number of tasks may have calls under way.
 * Context: task context, interrupts on, no spinlock held; all of these block.
 */
#ifndef DRIVERS_HOST_CHANNEL_H
#define DRIVERS_HOST_CHANNEL_H

#include <abi/boot_info.h>
#include <abi/hostcall.h>
#include <lib/compiler.h>
#include <lib/list.h>
#include <lib/types.h>
#include <sched/wait.h>

/* Payload pieces of a request, kernel memory, sent one behind the other. */
struct host_buffer {
	const void *data;
	size_t size;
};

/* A request under way. The fields belong to the channel until it is done. */
struct host_pending {
	struct list_node node;
	uint32_t tag;
	bool done;
	void (*completed)(
		struct host_pending *pending); /* instead of waking; channel's lock held */
	struct wait_queue wait;
	void *in;
	size_t in_capacity, in_size;
	int64_t result;
	uint64_t val[2];
};

struct host_call {
	uint16_t op; /* enum hc_op */
	uint16_t flags;
	bool interruptible; /* a signal cancels the call (HC_CANCEL) and it ends with -EINTR */
	uint32_t handle;
	uint64_t arg[4];
	struct host_buffer out[3];
	void *in; /* reply payload, kernel memory */
	size_t in_capacity;
	/* set on return */
	size_t in_size; /* bytes of payload received; more than in_capacity: the rest was dropped */
	uint64_t val[2];
};

/* Finds the proxy and says HELLO. CMDLINE: the kernel's. 0, or -errno: there is none. */
must_check int host_channel_init(const struct boot_info *boot, const char *cmdline);

/* True when a proxy is there. */
bool host_channel_ready(void);

/* Performs CALL. Result of the reply (>= 0, -errno, or HC_REDIRECT), -EINTR when cancelled, -EIO
 * when the channel has died or does not exist. */
must_check int64_t host_call(struct host_call *call);

/* Gives back a HANDLE. Does not wait for the host, which serves requests in their order: those that
 * come later find it closed. */
void host_close(uint32_t handle);

/*
 * Bulk data between host file and the application's memory (ADDRESS in the application's half): by
 * reference to guest memory where the host can, else copied. OFFSET -1: at the host's own offset
 * (HC_READ/HC_WRITE). Bytes moved (may be short), or -errno. *ASKED: how many bytes the request was
 * for; a regular file that gives less has ended there. *END_OFFSET (may be NULL): val[0] of the
 * reply.
 */
#define HOST_IO_INTERRUPTIBLE 1u /* a stream: a signal ends the wait; never by reference */
#define HOST_IO_NOWAIT	      2u /* -EAGAIN instead of waiting */
#define HOST_IO_APPEND	      4u /* a write: at the end of the file */
must_check int64_t host_read(uint32_t handle, uintptr_t address, size_t size, int64_t offset,
			     unsigned flags, size_t *asked);
must_check int64_t host_write(uint32_t handle, uintptr_t address, size_t size, int64_t offset,
			      unsigned flags, uint64_t *end_offset);

/* The same with kernel memory, in the frames of the protocol. */
must_check int64_t host_read_kernel(uint32_t handle, void *buffer, size_t size, int64_t offset,
				    unsigned flags, size_t *asked);
must_check int64_t host_write_kernel(uint32_t handle, const void *buffer, size_t size,
				     int64_t offset, unsigned flags, uint64_t *end_offset);

/* The same into kernel memory that is physically contiguous in the physmap (page cache frames). */
must_check int64_t host_read_frames(uint32_t handle, paddr_t frame, size_t size, int64_t offset);
must_check int64_t host_write_frames(uint32_t handle, paddr_t frame, size_t size, int64_t offset);

/*
 * Asynchronous poll of a host stream: asks for EVENTS (POLLIN ...) and calls DONE(ARGUMENT, revents
 * or -errno) once, in interrupt context with the channel's lock held: it may wake, but not start a
 * call. host_poll_cancel (after a successful start): when it returns, DONE has run and the
 * structure is free.
 */
struct host_poll {
	void (*done)(void *argument, int64_t result);
	void *argument;
	struct host_pending pending; /* the channel's */
};
must_check int host_poll_start(struct host_poll *poll, uint32_t handle, unsigned events);
void host_poll_cancel(struct host_poll *poll);

/* What the HELLO reply said; strings are kept for ever. */
struct host_hello {
	struct hc_hello_reply fixed;
	char **argv, **envp; /* NULL-terminated */
	const char *cwd, *hostname;
	const char *const *guest_fs, *const *host_fs; /* counts in fixed */
	const char *image_path; /* of the application's image, for /proc/self/exe */
};
const struct host_hello *host_hello(void);

/* Where signals from the host (HC_EVENT_SIGNAL) go: interrupt context. Set by init. */
void host_set_signal_handler(void (*handler)(int signo));

/* Text for the user's stderr (crash reports). Task context. */
void host_report(const char *text, size_t size);

/* Ends the machine: tells the proxy and does not return. */
noreturn void host_exit(int status, int signo, unsigned reason);

#endif /* DRIVERS_HOST_CHANNEL_H */
