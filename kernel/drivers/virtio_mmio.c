/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio over MMIO, version 2 (virtio 1.2, 4.2). */
#include "virtio.h"

#include <arch/io.h>
#include <asm/errno.h>
#include <core/log.h>
#include <lib/parse.h>
#include <lib/string.h>

#define MMIO_MAGIC	      0x000
#define MMIO_VERSION	      0x004
#define MMIO_DEVICE_ID	      0x008
#define MMIO_FEATURES	      0x010
#define MMIO_FEATURES_SEL     0x014
#define MMIO_DRV_FEATURES     0x020
#define MMIO_DRV_FEATURES_SEL 0x024
#define MMIO_QUEUE_SEL	      0x030
#define MMIO_QUEUE_MAX	      0x034
#define MMIO_QUEUE_SIZE	      0x038
#define MMIO_QUEUE_READY      0x044
#define MMIO_NOTIFY	      0x050
#define MMIO_ISR	      0x060
#define MMIO_ISR_ACK	      0x064
#define MMIO_STATUS	      0x070
#define MMIO_QUEUE_DESC	      0x080
#define MMIO_QUEUE_AVAIL      0x090
#define MMIO_QUEUE_USED	      0x0a0
#define MMIO_CONFIG	      0x100
#define MMIO_MAGIC_VALUE      0x74726976u
#define MMIO_SIZE_MAX	      0x1000u

static uint8_t mmio_status(struct virtio_device *d)
{
	return (uint8_t)arch_mmio_read32(d->common + MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *d, uint8_t status)
{
	arch_mmio_write32(d->common + MMIO_STATUS, status);
}

static uint16_t mmio_queue_size(struct virtio_device *d, uint16_t index)
{
	arch_mmio_write32(d->common + MMIO_QUEUE_SEL, index);
	return (uint16_t)MIN(arch_mmio_read32(d->common + MMIO_QUEUE_MAX), 0x8000u);
}

static void mmio_queue_set(struct virtio_device *d, struct virtq *queue)
{
	arch_mmio_write32(d->common + MMIO_QUEUE_SEL, queue->index);
	arch_mmio_write32(d->common + MMIO_QUEUE_SIZE, queue->size);
	virtio_write64(d->common + MMIO_QUEUE_DESC, queue->frame);
	virtio_write64(d->common + MMIO_QUEUE_AVAIL, virtq_paddr(queue, queue->avail));
	virtio_write64(d->common + MMIO_QUEUE_USED, virtq_paddr(queue, queue->used));
	arch_mmio_write32(d->common + MMIO_QUEUE_READY, 1);
}

static void mmio_notify(struct virtio_device *d, const struct virtq *queue)
{
	arch_mmio_write32(d->common + MMIO_NOTIFY, queue->index);
}

static unsigned mmio_interrupted(struct virtio_device *d)
{
	uint32_t isr = arch_mmio_read32(d->common + MMIO_ISR);

	if (isr)
		arch_mmio_write32(d->common + MMIO_ISR_ACK, isr);
	return isr;
}

static int mmio_route(struct virtio_device *d, unsigned message, unsigned vector, unsigned cpu)
{
	(void)message, (void)cpu;
	return irq_route(d->gsi, vector, true, false);
}

static void mmio_route_config(struct virtio_device *d, unsigned message)
{
	(void)d, (void)message;
}

static const struct virtio_ops mmio_ops = {
	.status = mmio_status,
	.set_status = mmio_set_status,
	.features = {MMIO_FEATURES_SEL, MMIO_FEATURES},
	.driver_features = {MMIO_DRV_FEATURES_SEL, MMIO_DRV_FEATURES},
	.queue_size = mmio_queue_size,
	.queue_set = mmio_queue_set,
	.notify = mmio_notify,
	.interrupted = mmio_interrupted,
	.route = mmio_route,
	.route_config = mmio_route_config,
};

/* One "SIZE@BASE:IRQ"; false when it is malformed. */
static bool parse_device(const char *text, uint64_t *base, unsigned *irq)
{
	uint64_t size, number;
	const char *at = parse_u64(text, &size);
	const char *colon = at && *at == '@' ? parse_u64(at + 1, base) : NULL;

	if (!colon || *colon != ':' || !size || size > MMIO_SIZE_MAX)
		return false;
	if (!parse_u64(colon + 1, &number) || number > 255)
		return false;
	*irq = (unsigned)number;
	return true;
}

static int probe(struct virtio_device *device, uint32_t id, uint64_t base)
{
	uintptr_t registers = arch_mmio_map(ALIGN_DOWN(base, PAGE_SIZE), PAGE_SIZE);

	if (!registers)
		return -ENOMEM;
	registers += base % PAGE_SIZE;
	if (arch_mmio_read32(registers + MMIO_MAGIC) != MMIO_MAGIC_VALUE ||
	    arch_mmio_read32(registers + MMIO_DEVICE_ID) != id)
		return -ENODEV;
	if (arch_mmio_read32(registers + MMIO_VERSION) != 2) {
		log_error("virtio: the MMIO device at %llx is of the old kind (QEMU: -global "
			  "virtio-mmio.force-legacy=false)",
			  (unsigned long long)base);
		return -EIO;
	}
	*device = (struct virtio_device){
		.ops = &mmio_ops,
		.id = id,
		.common = registers,
		.config = registers + MMIO_CONFIG,
		.messages = 1,
	};
	return 0;
}

int virtio_mmio_find(struct virtio_device *device, uint32_t id, const char *cmdline)
{
	static const char key[] = "virtio_mmio.device=";
	int error = -ENODEV;

	for (const char *p = cmdline; *p && error == -ENODEV; p++) {
		uint64_t base;
		unsigned irq;

		if (!str_starts_with(p, key) || (p != cmdline && p[-1] != ' '))
			continue;
		if (!parse_device(p + sizeof(key) - 1, &base, &irq))
			continue;
		error = probe(device, id, base);
		device->gsi = irq;
	}
	return error;
}
