/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio network card (virtio 1.2, 5.1) with one pair of queues, on virtio_mmio.h.
 *
 * Its back end is a descriptor that takes and gives one frame per call, of a tap device or a packet
 * socket, in the best case with the header that the guest uses as well: then frames go between the
 * descriptor and guest memory as they are. One thread, "net", does that, and nothing else touches
 * guest memory for this card; where the host has vhost-net and the tap device allows it, the
 * kernel does it, and the thread only passes the interrupts on.
 *
 * vCPU threads change the registers, under the lock of virtio_mmio. They say what they want in
 * `wanted`; the thread follows, sets `serving` and signals `changed`. A reset waits for that. The
 * thread holds the lock while it works, and never blocks with it but for the capture file.
 */
#ifndef UHYVE_VIRTIO_NET_H
#define UHYVE_VIRTIO_NET_H

#include "error.h"
#include "pcap.h"
#include "vhost_net.h"
#include "virtio_mmio.h"
#include "virtqueue.h"

#include "common/guest_mem.h"

#include <linux/virtio_net.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { VIRTIO_NET_RX, VIRTIO_NET_TX, VIRTIO_NET_QUEUES };

#define VIRTIO_NET_HEADER_SIZE 12u
_Static_assert(sizeof(struct virtio_net_hdr_v1) == VIRTIO_NET_HEADER_SIZE, "virtio 1.2, 5.1.6");

/* The largest frame with its Ethernet header (5.1.6.3.1), and with the header in front of it. */
#define VIRTIO_NET_FRAME_MAX  65550u
#define VIRTIO_NET_PACKET_MAX (VIRTIO_NET_HEADER_SIZE + VIRTIO_NET_FRAME_MAX)

/* Its configuration (5.1.4), as far as its features go. */
struct virtio_net_space {
	uint8_t mac[6];
	uint16_t status;
};
_Static_assert(sizeof(struct virtio_net_space) == 8, "virtio 1.2, 5.1.4");

struct virtio_net_options {
	int fd;		/* back end, non-blocking; the caller's */
	bool header;	/* it wants and gives struct virtio_net_hdr_v1 in front of each frame */
	bool offloads;	/* a tap device: checksums and large frames */
	int vhost_fd;	/* /dev/vhost-net for it, -1: none; the caller's */
	int capture_fd; /* a file for all frames, -1: none; the caller's */
	uint8_t mac[6];
	/* Called in the thread first; 0 or -errno. NULL: nothing. */
	int (*enter)(void *context);
	/* The thread cannot go on, TEXT says why. */
	void (*stopped)(void *context, const char *text);
	void *enter_context, *stopped_context;
};

struct virtio_net {
	struct virtio_mmio mmio;
	struct virtio_net_options config;
	const struct guest_mem *mem;
	struct virtqueue queue[VIRTIO_NET_QUEUES];
	struct vhost_net vhost;
	struct pcap capture;
	/* Event descriptors: the guest's notifications, KVM's end of an interrupt, a change of what
	 * is below. */
	int kick_fd[VIRTIO_NET_QUEUES], irq_fd, resample_fd, control_fd;
	pthread_t thread;
	bool started;

	pthread_cond_t changed; /* with mmio.lock, which guards all from here on */
	bool wanted;		/* the guest's driver is ready */
	bool held;		/* virtio_net_hold */
	bool ending;
	bool serving; /* the queues are in use: written by the thread */
	bool vhosted; /* by vhost-net */
	bool starved; /* no room in the guest for what comes */
	bool blocked; /* the back end takes no more */
	bool more;    /* there is something to do without waiting */
	/* Received, and waiting for enough room: a header and a frame. */
	uint32_t pending;
	uint8_t packet[VIRTIO_NET_PACKET_MAX];
	struct iovec pieces[VIRTQUEUE_SIZE_MAX];
	struct virtqueue_chain chains[VIRTQUEUE_SIZE_MAX];
};

/* All that has to be saved of a card that is held. */
struct virtio_net_state {
	struct virtio_mmio_state mmio;
	struct virtqueue_indices indices[VIRTIO_NET_QUEUES];
	uint8_t mac[6];
	uint8_t wanted; /* 0 or 1; no bool, as it comes from a checkpoint */
};

/* Makes a card; MEM outlives it. NULL with *ERROR_CODE (-errno) and ERROR. */
struct virtio_net *virtio_net_create(const struct virtio_net_options *config,
				     const struct guest_mem *mem, int *error_code,
				     struct uhyve_error *error);
void virtio_net_destroy(struct virtio_net *net);

/* Starts the thread. 0 or -errno. */
int virtio_net_start(struct virtio_net *net, struct uhyve_error *error);

/* Ends the thread; after the vCPUs. */
void virtio_net_stop(struct virtio_net *net);

/* Returns when the card does not touch guest memory any more / lets it go on. */
void virtio_net_hold(struct virtio_net *net);
void virtio_net_release(struct virtio_net *net);

/* The card's state; it is held, and the vCPUs are. Restoring into a new card: 0, or -EINVAL: no
 * possible state. */
void virtio_net_save(struct virtio_net *net, struct virtio_net_state *state);
int virtio_net_restore(struct virtio_net *net, const struct virtio_net_state *state);

/* What the thread does between two waits (REQUIRES(mmio.lock)): follows the guest's wishes and
 * moves frames. */
void virtio_net_step(struct virtio_net *net);

/* Moves frames in one direction (REQUIRES(mmio.lock), serving): virtio_net_io.c. */
void virtio_net_send_frames(struct virtio_net *net);
void virtio_net_receive_frames(struct virtio_net *net);

#endif /* UHYVE_VIRTIO_NET_H */
