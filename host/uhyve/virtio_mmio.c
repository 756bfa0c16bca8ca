/* SPDX-License-Identifier: BSD-3-Clause */
/* See virtio_mmio.h. */
#include "virtio_mmio.h"

#include "common/event_fd.h"

#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <string.h>

#define MAGIC	  0x74726976u /* "virt" */
#define VERSION	  2u
#define VENDOR	  0x554b5948u /* "HYKU" */
#define F_VERSION (1ull << VIRTIO_F_VERSION_1)

_Static_assert(VIRTIO_MMIO_NOTIFY == VIRTIO_MMIO_QUEUE_NOTIFY, "virtio 1.2, 4.2.2");

void virtio_mmio_init(struct virtio_mmio *mmio)
{
	mmio->offered |= F_VERSION;
	mmio->state = (struct virtio_mmio_state){0};
	atomic_init(&mmio->isr, 0);
	pthread_mutex_init(&mmio->lock, NULL);
}

void virtio_mmio_destroy(struct virtio_mmio *mmio)
{
	pthread_mutex_destroy(&mmio->lock);
}

static void interrupt(struct virtio_mmio *mmio, uint32_t why)
{
	/* Where a bit was set, the line is high, or virtio_mmio_resample is about to be called. */
	if (!atomic_fetch_or(&mmio->isr, why))
		event_fd_signal(mmio->irq_fd);
}

void virtio_mmio_signal(struct virtio_mmio *mmio)
{
	interrupt(mmio, VIRTIO_MMIO_INT_VRING);
}

void virtio_mmio_config_changed(struct virtio_mmio *mmio)
{
	mmio->state.generation++;
	interrupt(mmio, VIRTIO_MMIO_INT_CONFIG);
}

void virtio_mmio_resample(struct virtio_mmio *mmio)
{
	if (atomic_load(&mmio->isr))
		event_fd_signal(mmio->irq_fd);
}

void virtio_mmio_break(struct virtio_mmio *mmio)
{
	mmio->state.status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	virtio_mmio_config_changed(mmio);
}

static void reset(struct virtio_mmio *mmio)
{
	mmio->ops->reset(mmio->device);
	atomic_store(&mmio->isr, 0);
	mmio->state = (struct virtio_mmio_state){.generation = mmio->state.generation + 1};
}

static bool features_good(const struct virtio_mmio *mmio)
{
	const uint64_t features = mmio->state.features;

	return !(features & ~mmio->offered) && (features & F_VERSION) &&
	       mmio->ops->features_ok(mmio->device, features);
}

/* The driver only adds bits, one step after the other (3.1.1). */
static void write_status(struct virtio_mmio *mmio, uint32_t status)
{
	struct virtio_mmio_state *state = &mmio->state;
	const uint32_t own = VIRTIO_CONFIG_S_NEEDS_RESET;

	if (status == 0) {
		reset(mmio);
		return;
	}
	uint32_t added = status & ~state->status & 0xff & ~own;
	if (added & VIRTIO_CONFIG_S_FEATURES_OK && !features_good(mmio))
		added &= ~(uint32_t)VIRTIO_CONFIG_S_FEATURES_OK;
	if (added & VIRTIO_CONFIG_S_DRIVER_OK &&
	    !((state->status | added) & VIRTIO_CONFIG_S_FEATURES_OK))
		added &= ~(uint32_t)VIRTIO_CONFIG_S_DRIVER_OK;
	state->status |= added;
	if (added & VIRTIO_CONFIG_S_DRIVER_OK && mmio->ops->activate(mmio->device) != 0)
		virtio_mmio_break(mmio);
}

/* The queue that is selected, if it may be changed now. */
static struct virtqueue_layout *changeable_queue(struct virtio_mmio *mmio)
{
	const uint32_t status = mmio->state.status;

	if (mmio->state.queue_sel >= mmio->queues || !(status & VIRTIO_CONFIG_S_FEATURES_OK) ||
	    (status & VIRTIO_CONFIG_S_DRIVER_OK))
		return NULL;
	return &mmio->state.layout[mmio->state.queue_sel];
}

static void set_half(uint64_t *address, bool high, uint32_t value)
{
	*address = high ? (uint32_t)*address | (uint64_t)value << 32
			: (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void write_queue(struct virtio_mmio *mmio, uint32_t offset, uint32_t value)
{
	struct virtqueue_layout *queue = changeable_queue(mmio);

	if (queue && offset == VIRTIO_MMIO_QUEUE_READY)
		queue->ready = value & 1;
	if (!queue || queue->ready)
		return;
	switch (offset) {
	case VIRTIO_MMIO_QUEUE_NUM:
		queue->size = value <= VIRTQUEUE_SIZE_MAX ? (uint16_t)value : 0;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		set_half(&queue->desc, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		set_half(&queue->avail, offset == VIRTIO_MMIO_QUEUE_AVAIL_HIGH, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		set_half(&queue->used, offset == VIRTIO_MMIO_QUEUE_USED_HIGH, value);
		break;
	default:
		break;
	}
}

static void write_register(struct virtio_mmio *mmio, uint32_t offset, uint32_t value)
{
	struct virtio_mmio_state *state = &mmio->state;

	switch (offset) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		state->features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		state->driver_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		if (state->driver_features_sel < 2 &&
		    !(state->status & VIRTIO_CONFIG_S_FEATURES_OK))
			set_half(&state->features, state->driver_features_sel, value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		state->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		if (value < mmio->queues)
			mmio->ops->notify(mmio->device, value);
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(mmio, value);
		break;
	default:
		write_queue(mmio, offset, value);
		break;
	}
}

static uint32_t read_register(struct virtio_mmio *mmio, uint32_t offset)
{
	const struct virtio_mmio_state *state = &mmio->state;
	const bool queue = state->queue_sel < mmio->queues;

	switch (offset) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MAGIC;
	case VIRTIO_MMIO_VERSION:
		return VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return mmio->id;
	case VIRTIO_MMIO_VENDOR_ID:
		return VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return state->features_sel < 2
			       ? (uint32_t)(mmio->offered >> 32 * state->features_sel)
			       : 0;
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return queue ? VIRTQUEUE_SIZE_MAX : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue && state->layout[state->queue_sel].ready;
	case VIRTIO_MMIO_STATUS:
		return state->status;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return state->generation;
	default:
		return 0;
	}
}

static void access_config(struct virtio_mmio *mmio, const struct device_access *access)
{
	const uint64_t offset = access->offset - VIRTIO_MMIO_CONFIG;

	if (access->write || offset >= mmio->config_size ||
	    access->size > mmio->config_size - offset)
		return;
	memcpy(access->data, mmio->config + offset, access->size);
}

/* What each interrupt accesses does not wait for a device that works. False: something else. */
static bool access_interrupt(struct virtio_mmio *mmio, const struct device_access *access)
{
	uint32_t value;

	if (access->size != sizeof(value))
		return false;
	if (access->offset == VIRTIO_MMIO_INTERRUPT_STATUS && !access->write) {
		value = atomic_load(&mmio->isr);
		memcpy(access->data, &value, sizeof(value));
		return true;
	}
	if (access->offset != VIRTIO_MMIO_INTERRUPT_ACK || !access->write)
		return false;
	memcpy(&value, access->data, sizeof(value));
	atomic_fetch_and(&mmio->isr, ~value);
	return true;
}

void virtio_mmio_access(void *context, const struct device_access *access)
{
	struct virtio_mmio *mmio = context;
	uint32_t value = 0;

	if (!access->write)
		memset(access->data, 0, (size_t)access->size * access->count);
	if (access_interrupt(mmio, access))
		return;
	pthread_mutex_lock(&mmio->lock);
	if (access->offset >= VIRTIO_MMIO_CONFIG) {
		access_config(mmio, access);
	} else if (access->size == sizeof(value) && access->offset % sizeof(value) == 0) {
		/* Registers take whole words (4.2.2.2). */
		memcpy(&value, access->data, sizeof(value));
		if (access->write)
			write_register(mmio, (uint32_t)access->offset, value);
		else
			value = read_register(mmio, (uint32_t)access->offset);
		if (!access->write)
			memcpy(access->data, &value, sizeof(value));
	}
	pthread_mutex_unlock(&mmio->lock);
}

void virtio_mmio_save(struct virtio_mmio *mmio, struct virtio_mmio_state *state)
{
	pthread_mutex_lock(&mmio->lock);
	*state = mmio->state;
	state->isr = atomic_load(&mmio->isr);
	pthread_mutex_unlock(&mmio->lock);
}

void virtio_mmio_restore(struct virtio_mmio *mmio, const struct virtio_mmio_state *state)
{
	pthread_mutex_lock(&mmio->lock);
	mmio->state = *state;
	atomic_store(&mmio->isr, state->isr);
	pthread_mutex_unlock(&mmio->lock);
}
