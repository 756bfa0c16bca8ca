/* SPDX-License-Identifier: BSD-3-Clause */
/* A machine without PCI. */
#include "../../../kernel/drivers/virtio.h"

#include <asm/errno.h>

int virtio_pci_find(struct virtio_device *device, uint32_t id)
{
	(void)device, (void)id;
	return -ENODEV;
}
