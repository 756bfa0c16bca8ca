/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio over PCI, modern interface with MSI-X (virtio 1.2, 4.1; PCI 3.0, 6.8.2). */
#include "virtio.h"

#include <arch/io.h>
#include <asm/errno.h>
#include <core/cpu.h>
#include <core/log.h>
#include <lib/assert.h>

#include "pci.h"

#define VIRTIO_VENDOR	     0x1af4
#define VIRTIO_MODERN_BASE   0x1040
#define VIRTIO_CONSOLE_TRANS 0x1003
#define VIRTIO_NET_TRANS     0x1000

/* Vendor capability, 4.1.4. */
#define CAP_TYPE	  3
#define CAP_BAR		  4
#define CAP_OFFSET	  8
#define CAP_MULTIPLIER	  16
#define CAP_COMMON	  1
#define CAP_NOTIFY	  2
#define CAP_DEVICE	  4
#define CAP_REGISTERS_MAX 0x4000u
#define CONFIG_SIZE_MAX	  64u

/* Common configuration, 4.1.4.3. */
#define COMMON_FEATURES_SEL	0x00
#define COMMON_FEATURES		0x04
#define COMMON_DRV_FEATURES_SEL 0x08
#define COMMON_DRV_FEATURES	0x0c
#define COMMON_MSIX_CONFIG	0x10
#define COMMON_STATUS		0x14
#define COMMON_QUEUE_SEL	0x16
#define COMMON_QUEUE_SIZE	0x18
#define COMMON_QUEUE_MSIX	0x1a
#define COMMON_QUEUE_ENABLE	0x1c
#define COMMON_QUEUE_NOTIFY	0x1e
#define COMMON_QUEUE_DESC	0x20
#define COMMON_QUEUE_AVAIL	0x28
#define COMMON_QUEUE_USED	0x30

/* MSI-X capability and table. */
#define MSIX_CONTROL	    2
#define MSIX_TABLE	    4
#define MSIX_CONTROL_ENABLE 0x8000
#define MSIX_CONTROL_SIZE   0x07ff /* entries - 1 */
#define MSIX_ENTRY_SIZE	    16u
#define MSIX_MESSAGES_MAX   64u
#define MSIX_ADDRESS	    0xfee00000u

static uint8_t pci_status(struct virtio_device *d)
{
	return arch_mmio_read8(d->common + COMMON_STATUS);
}

static void pci_set_status(struct virtio_device *d, uint8_t status)
{
	arch_mmio_write8(d->common + COMMON_STATUS, status);
}

static uint16_t pci_queue_size(struct virtio_device *d, uint16_t index)
{
	arch_mmio_write16(d->common + COMMON_QUEUE_SEL, index);
	return arch_mmio_read16(d->common + COMMON_QUEUE_SIZE);
}

static void pci_queue_set(struct virtio_device *d, struct virtq *queue)
{
	arch_mmio_write16(d->common + COMMON_QUEUE_SEL, queue->index);
	arch_mmio_write16(d->common + COMMON_QUEUE_SIZE, queue->size);
	arch_mmio_write16(d->common + COMMON_QUEUE_MSIX, queue->message);
	virtio_write64(d->common + COMMON_QUEUE_DESC, queue->frame);
	virtio_write64(d->common + COMMON_QUEUE_AVAIL, virtq_paddr(queue, queue->avail));
	virtio_write64(d->common + COMMON_QUEUE_USED, virtq_paddr(queue, queue->used));
	queue->notify_offset =
		arch_mmio_read16(d->common + COMMON_QUEUE_NOTIFY) * d->notify_multiplier;
	arch_mmio_write16(d->common + COMMON_QUEUE_ENABLE, 1);
}

static void pci_notify(struct virtio_device *d, const struct virtq *queue)
{
	arch_mmio_write16(d->notify_base + queue->notify_offset, queue->index);
}

static unsigned pci_interrupted(struct virtio_device *d)
{
	(void)d;
	return VIRTIO_ISR_QUEUE;
}

static int pci_route(struct virtio_device *d, unsigned message, unsigned vector, unsigned cpu)
{
	uintptr_t entry = d->msix + (uintptr_t)message * MSIX_ENTRY_SIZE;

	if (message >= d->messages)
		return -ENODEV;
	arch_mmio_write32(entry, MSIX_ADDRESS | arch_cpu_apic_id_of(cpu) << 12);
	arch_mmio_write32(entry + 4, 0);
	arch_mmio_write32(entry + 8, vector);
	arch_mmio_write32(entry + 12, 0); /* unmasked */
	return 0;
}

static void pci_route_config(struct virtio_device *d, unsigned message)
{
	arch_mmio_write16(d->common + COMMON_MSIX_CONFIG, (uint16_t)message);
}

static const struct virtio_ops pci_ops = {
	.status = pci_status,
	.set_status = pci_set_status,
	.features = {COMMON_FEATURES_SEL, COMMON_FEATURES},
	.driver_features = {COMMON_DRV_FEATURES_SEL, COMMON_DRV_FEATURES},
	.queue_size = pci_queue_size,
	.queue_set = pci_queue_set,
	.notify = pci_notify,
	.interrupted = pci_interrupted,
	.route = pci_route,
	.route_config = pci_route_config,
};

static bool is_virtio(uint16_t vendor, uint16_t device, uint32_t id)
{
	if (vendor != VIRTIO_VENDOR)
		return false;
	if (device == VIRTIO_MODERN_BASE + id)
		return true;
	return (id == VIRTIO_ID_CONSOLE && device == VIRTIO_CONSOLE_TRANS) ||
	       (id == VIRTIO_ID_NET && device == VIRTIO_NET_TRANS);
}

static void map_registers(struct virtio_device *d, struct pci_address address)
{
	uint8_t cap = 0;

	while ((cap = pci_capability(address, PCI_CAP_VENDOR, cap))) {
		uint8_t type = pci_read8(address, cap + CAP_TYPE);
		uint8_t bar = pci_read8(address, cap + CAP_BAR);
		uint32_t offset = pci_read32(address, cap + CAP_OFFSET);

		if (type == CAP_COMMON && !d->common)
			d->common = pci_map_bar(address, bar, offset, PAGE_SIZE);
		if (type == CAP_DEVICE && !d->config)
			d->config = pci_map_bar(address, bar, offset, CONFIG_SIZE_MAX);
		if (type == CAP_NOTIFY && !d->notify_base) {
			d->notify_base = pci_map_bar(address, bar, offset, CAP_REGISTERS_MAX);
			d->notify_multiplier = pci_read32(address, cap + CAP_MULTIPLIER);
		}
	}
}

static void enable_msix(struct virtio_device *d, struct pci_address address)
{
	uint8_t cap = pci_capability(address, PCI_CAP_MSIX, 0);
	uint16_t control;
	uint32_t table;

	if (!cap)
		return;
	control = pci_read16(address, cap + MSIX_CONTROL);
	table = pci_read32(address, cap + MSIX_TABLE);
	d->messages = MIN((control & MSIX_CONTROL_SIZE) + 1u, MSIX_MESSAGES_MAX);
	d->msix =
		pci_map_bar(address, table & 7, table & ~7u, (size_t)d->messages * MSIX_ENTRY_SIZE);
	pci_write16(address, cap + MSIX_CONTROL, (control & 0x3fff) | MSIX_CONTROL_ENABLE);
}

int virtio_pci_find(struct virtio_device *device, uint32_t id)
{
	struct pci_address address;

	if (!pci_find(is_virtio, id, &address))
		return -ENODEV;
	*device = (struct virtio_device){.ops = &pci_ops, .id = id};
	pci_enable(address, false);
	map_registers(device, address);
	enable_msix(device, address);
	if (device->common && device->notify_base && device->msix)
		return 0;
	log_error("virtio: the PCI device in slot %u has no modern interface with MSI-X (QEMU: "
		  "disable-modern=off)",
		  address.device);
	return -EIO;
}
