/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the host call protocol (host_channel.c, host_io.c, host_hello.c) and what carries its
 * bytes (channel_virtio.c, channel_ring.c; later TCP). Private to this folder.
 */
#ifndef DRIVERS_CHANNEL_H
#define DRIVERS_CHANNEL_H

#include <abi/boot_info.h>
#include <drivers/host_channel.h>
#include <lib/list.h>
#include <sched/wait.h>

struct channel_transport {
	/* Sends the pieces as one frame, in order; blocks until the host's side has taken it. Any
	 * number of tasks may call it: frames do not mix. 0 or -errno. */
	int (*send)(const struct host_buffer *pieces, unsigned count);
	/* The same for a dying kernel: any context, no locks, polled. */
	void (*send_dying)(const struct host_buffer *pieces, unsigned count);
	/* May be NULL: the same as send for a frame whose answer nobody waits for; the host sees it
	 * before long, without a notification where that is possible. */
	int (*send_lazy)(const struct host_buffer *pieces, unsigned count);
	/* Takes the answers to such frames that are there; with send_lazy only. */
	void (*poll)(void);
};

/* Finds the device and starts it. CMDLINE: for MMIO devices. The transport, or NULL. */
const struct channel_transport *channel_virtio_init(const char *cmdline);

/* The same for shared memory: BOOT says where it is. */
const struct channel_transport *channel_ring_init(const struct boot_info *boot);

/* Bytes from the host, in order. Interrupt context or not; one caller at a time. */
void channel_receive(const uint8_t *bytes, size_t size);

/* Sends REQUEST and pieces without waiting for an answer; the caller may not care whether it
 * worked. */
int channel_send(const struct hc_request *request, const struct host_buffer *pieces,
		 unsigned count);

/* The pieces of host_call: sends REQUEST (length and tag are filled in) for P, and waits for its
 * reply. */
must_check int host_pending_send(struct host_pending *p, struct hc_request *request,
				 const struct host_buffer *pieces, unsigned count);
must_check int64_t host_pending_wait(struct host_pending *p, bool interruptible);

/*
 * Small writes to standard output and error: sent without waiting for the answer where the
 * transport can and Linux, too, would only buffer them (pipes, sockets, terminals). An error of one
 * is the result of a later one. SIZE, -errno, or -EAGAIN: this one has to be sent and waited for
 * (host_lazy_tried then learns its result).
 */
#define HOST_LAZY_SIZE_MAX 1024u
must_check int64_t host_lazy_write(uint32_t handle, const void *data, size_t size);
void host_lazy_tried(uint32_t handle, int64_t result);

/* The transport, NULL without a channel. */
const struct channel_transport *channel_transport(void);

/* The same as host_pending_send, for a request with HC_FLAG_LAZY. P has `completed`. */
must_check int host_pending_send_lazy(struct host_pending *p, struct hc_request *request,
				      const struct host_buffer *data);

/* For a dying kernel: REQUEST with PAYLOAD, no answer. */
void channel_send_dying(struct hc_request *request, const void *payload, size_t size);

/* Does the host reach guest memory by reference (HC_FEAT_SHM)? */
bool channel_has_shm(void);

/* From host_channel_init: performs HELLO. 0 or -errno. */
must_check int host_hello_init(const char *cmdline);

/* A signal from the host for the application. */
void host_event_signal(int signo);

#endif /* DRIVERS_CHANNEL_H */
