/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio over MMIO, version 2 (virtio 1.2, 4.2): the registers of a device, for any device.
 *
 * The registers are accessed by vCPU threads, the device's own thread raises interrupts: LOCK
 * guards all but `isr`. The device's functions are called with it held; they may release it while
 * they wait (reset).
 *
 * What the guest may change, and when: features until FEATURES_OK, a queue between FEATURES_OK and
 * its QueueReady and never after DRIVER_OK, until the next reset. Other writes have no effect.
 *
 * Interrupts are level-triggered, as the registers demand: the line is high while `isr` has bits.
 * KVM lowers it at the end of an interrupt and tells RESAMPLE_FD; whoever waits for that calls
 * virtio_mmio_resample, which raises it again where the guest has not acknowledged all.
 */
#ifndef UHYVE_VIRTIO_MMIO_H
#define UHYVE_VIRTIO_MMIO_H

#include "device_table.h"
#include "virtqueue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_MMIO_SIZE	 0x1000u
#define VIRTIO_MMIO_NOTIFY	 0x050u /* register: the number of a queue */
#define VIRTIO_MMIO_QUEUES_MAX	 8u
#define VIRTIO_MMIO_CONFIG_BYTES 256u

struct virtio_mmio_ops {
	/* May these features, among those offered, be used together? */
	bool (*features_ok)(void *device, uint64_t features);
	/* The guest drives it from now on, with mmio->features and mmio->layout. 0, or -errno: it
	 * cannot, and the guest has to reset it. */
	int (*activate)(void *device);
	/* Returns when the device does not touch guest memory any more. */
	void (*reset)(void *device);
	/* There may be something in queue INDEX. Only for a write that KVM does not turn into an
	 * event itself. */
	void (*notify)(void *device, unsigned index);
};

/* What has to be saved of it. */
struct virtio_mmio_state {
	uint64_t features; /* the guest's choice */
	uint32_t features_sel, driver_features_sel, queue_sel;
	uint32_t status, isr, generation;
	struct virtqueue_layout layout[VIRTIO_MMIO_QUEUES_MAX];
};

struct virtio_mmio {
	const struct virtio_mmio_ops *ops;
	void *device;
	uint32_t id; /* kind of device (virtio 1.2, 5) */
	uint64_t offered;
	unsigned queues;
	int irq_fd; /* event descriptor: raises the line */
	pthread_mutex_t lock;
	struct virtio_mmio_state state; /* GUARDED_BY(lock); isr: below */
	_Atomic uint32_t isr;
	uint8_t config[VIRTIO_MMIO_CONFIG_BYTES]; /* GUARDED_BY(lock), read-only for the guest */
	unsigned config_size;
};

/* MMIO is filled in up to irq_fd. */
void virtio_mmio_init(struct virtio_mmio *mmio);
void virtio_mmio_destroy(struct virtio_mmio *mmio);

/* The handler of its range in the device table. */
void virtio_mmio_access(void *mmio, const struct device_access *access);

/* Any thread: something was put into a queue; the configuration has changed (REQUIRES(lock)). */
void virtio_mmio_signal(struct virtio_mmio *mmio);
void virtio_mmio_config_changed(struct virtio_mmio *mmio);
void virtio_mmio_resample(struct virtio_mmio *mmio);

/* REQUIRES(lock): the guest broke the rules; it has to reset the device. */
void virtio_mmio_break(struct virtio_mmio *mmio);

/* The registers, while no vCPU runs and the device's thread is held. */
void virtio_mmio_save(struct virtio_mmio *mmio, struct virtio_mmio_state *state);
void virtio_mmio_restore(struct virtio_mmio *mmio, const struct virtio_mmio_state *state);

#endif /* UHYVE_VIRTIO_MMIO_H */
