/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host channel through shared memory (BOOT_CHANNEL_SHM): two rings of bytes, one in each
 * direction, that carry the frames of abi/hostcall.h.
 *
 * The channel is channel_size bytes of guest memory at channel_base (struct boot_info): struct
 * hc_shm, then the two rings. The host writes the fixed part before the guest starts; nobody
 * changes it afterwards.
 *
 * Indices count bytes ever written (tail) and ever taken (head), modulo 2^32; a byte's place is its
 * index modulo the ring's size. Each index has one writer. A side writes bytes, then its tail with
 * release order; the other reads the tail with acquire order, copies the bytes, then writes its
 * head with release order. The host treats what the guest writes as hostile: it reads an index
 * once, and ends the machine when it is impossible (more than the ring's size apart).
 *
 * Notifications.
 *   Guest to host: any write to I/O port `doorbell`. The guest rings when it has sent something and
 *   host_state says so; and when it has taken something and host_waits is not 0.
 *   Host to guest: an edge of interrupt channel_irq. The host raises it when it has sent something,
 *   unless all of it answers lazy requests (HC_FLAG_LAZY) and guest_waits is 0; and when it has
 *   taken something and guest_waits is not 0.
 * Both sides publish an index, execute a full barrier, and read the other's state; or publish their
 * state, execute a full barrier, and look at the index once more. So no notification is lost.
 */
#ifndef ABI_RING_H
#define ABI_RING_H

#include <stddef.h>
#include <stdint.h>

#define HC_SHM_MAGIC	0x474e495248434d48ull /* "HMCHRING" */
#define HC_SHM_VERSION	1u
#define HC_SHM_RING_MIN 4096u
#define HC_SHM_RING_MAX (16u << 20)

enum hc_host_state {
	HC_HOST_SLEEPS = 0, /* ring for every frame */
	HC_HOST_LOOKS,	    /* it looks by itself before long: ring for what is in a hurry */
	HC_HOST_BUSY,	    /* it looks before it changes its state: do not ring */
};

struct hc_shm {
	uint64_t magic; /* HC_SHM_MAGIC */
	uint32_t version;
	uint32_t doorbell;		       /* I/O port */
	uint32_t to_host_offset, to_host_size; /* from the structure's start; size: power of two */
	uint32_t to_guest_offset, to_guest_size; /* bytes */
	uint8_t reserved0[32];

	/* written by the guest */
	uint32_t to_host_tail, to_guest_head;
	uint32_t guest_waits; /* for space in to_host, or for the end of its lazy requests */
	uint8_t reserved1[52];

	/* written by the host */
	uint32_t to_guest_tail, to_host_head;
	uint32_t host_state; /* enum hc_host_state */
	uint32_t host_waits; /* for space in to_guest */
	uint8_t reserved2[48];
};

_Static_assert(sizeof(struct hc_shm) == 192, "hc_shm");
_Static_assert(offsetof(struct hc_shm, to_host_tail) == 64, "hc_shm: the guest's cache line");
_Static_assert(offsetof(struct hc_shm, to_guest_tail) == 128, "hc_shm: the host's cache line");

#endif /* ABI_RING_H */
