/* SPDX-License-Identifier: BSD-3-Clause */
/* PCI configuration space (see pci.h). */
#include "pci.h"

#include <arch/io.h>
#include <drivers/devices.h>

#define CONFIG_ADDRESS	 0xcf8
#define CONFIG_DATA	 0xcfc
#define CONFIG_ENABLE	 0x80000000u
#define DEVICES_PER_BUS	 32
#define CAPABILITIES_MAX 48 /* of 4 bytes each at least: more is a loop */

static void select(struct pci_address a, uint8_t offset)
{
	arch_io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)a.bus << 16 |
					      (uint32_t)a.device << 11 | (uint32_t)a.function << 8 |
					      (offset & 0xfcu));
}

uint32_t pci_read32(struct pci_address address, uint8_t offset)
{
	select(address, offset);
	return arch_io_in32(CONFIG_DATA);
}

uint16_t pci_read16(struct pci_address address, uint8_t offset)
{
	return (uint16_t)(pci_read32(address, offset) >> 8 * (offset & 2));
}

uint8_t pci_read8(struct pci_address address, uint8_t offset)
{
	return (uint8_t)(pci_read32(address, offset) >> 8 * (offset & 3));
}

void pci_write32(struct pci_address address, uint8_t offset, uint32_t value)
{
	select(address, offset);
	arch_io_out32(CONFIG_DATA, value);
}

void pci_write16(struct pci_address address, uint8_t offset, uint16_t value)
{
	select(address, offset);
	arch_io_out16(CONFIG_DATA + (offset & 2), value);
}

bool pci_find(bool (*match)(uint16_t vendor, uint16_t device, uint32_t argument), uint32_t argument,
	      struct pci_address *out)
{
	for (uint8_t device = 0; device < DEVICES_PER_BUS; device++) {
		struct pci_address address = {.device = device};
		uint32_t id = pci_read32(address, PCI_VENDOR_ID);

		if ((uint16_t)id != 0xffff && match((uint16_t)id, (uint16_t)(id >> 16), argument)) {
			*out = address;
			return true;
		}
	}
	return false;
}

uint8_t pci_capability(struct pci_address address, uint8_t id, uint8_t after)
{
	uint8_t offset;

	if (!(pci_read16(address, PCI_STATUS) & PCI_STATUS_CAPS))
		return 0;
	offset = pci_read8(address, after ? after + 1 : PCI_CAPABILITIES) & 0xfc;
	for (unsigned i = 0; offset && i < CAPABILITIES_MAX; i++) {
		if (pci_read8(address, offset) == id)
			return offset;
		offset = pci_read8(address, offset + 1) & 0xfc;
	}
	return 0;
}

#define BAR_IO	  1u
#define BAR_64BIT 4u

paddr_t pci_bar(struct pci_address address, unsigned index)
{
	uint8_t offset = (uint8_t)(PCI_BAR0 + 4 * index);
	uint32_t low;
	paddr_t bar;

	if (index > 5)
		return 0;
	low = pci_read32(address, offset);
	if (low & BAR_IO)
		return 0;
	bar = low & ~15u;
	if ((low & BAR_64BIT) && index < 5)
		bar |= (paddr_t)pci_read32(address, offset + 4) << 32;
	return bar;
}

/*
 * Addresses for devices that the firmware has given none: below the I/O APIC there is no memory and
 * nothing else in QEMU's pc and q35, and real firmware gives addresses to all devices.
 */
#define WINDOW_START 0xfe000000u
#define WINDOW_END   0xfe800000u

static uint32_t window_next = WINDOW_START;

/* Gives memory BAR at OFFSET an address, unless it has one or does not exist. */
static void assign_bar(struct pci_address address, uint8_t offset)
{
	uint32_t old = pci_read32(address, offset), size;

	if ((old & BAR_IO) || (old & ~15u))
		return;
	pci_write32(address, offset, ~0u);
	size = ~(pci_read32(address, offset) & ~15u) + 1;
	pci_write32(address, offset, old);
	if (size == 0 || size > WINDOW_END - WINDOW_START)
		return;
	uint32_t base = (window_next + size - 1) & ~(size - 1);
	if (base > WINDOW_END - size)
		return;
	window_next = base + size;
	pci_write32(address, offset, base);
}

void pci_assign_bars(struct pci_address address)
{
	for (unsigned index = 0; index < 6; index++) {
		uint8_t offset = (uint8_t)(PCI_BAR0 + 4 * index);
		uint32_t low = pci_read32(address, offset);
		bool wide = !(low & BAR_IO) && (low & BAR_64BIT);

		if (!wide || pci_read32(address, offset + 4) == 0)
			assign_bar(address, offset);
		index += wide;
	}
}

void pci_enable(struct pci_address address, bool intx)
{
	uint16_t command = pci_read16(address, PCI_COMMAND) & (uint16_t)~PCI_COMMAND_NOINT;

	pci_assign_bars(address);
	pci_write16(address, PCI_COMMAND,
		    command | PCI_COMMAND_MEM | PCI_COMMAND_BUS | (intx ? 0 : PCI_COMMAND_NOINT));
}

void devices_settle(void)
{
	for (uint8_t device = 0; device < DEVICES_PER_BUS; device++) {
		struct pci_address address = {.device = device};

		if (pci_read16(address, PCI_VENDOR_ID) == 0xffff)
			continue;
		pci_assign_bars(address);
		pci_write16(address, PCI_COMMAND,
			    pci_read16(address, PCI_COMMAND) | PCI_COMMAND_MEM);
	}
}

uintptr_t pci_map_bar(struct pci_address address, unsigned index, uint32_t offset, size_t size)
{
	paddr_t base = pci_bar(address, index);
	uintptr_t mapped;

	if (!base)
		return 0;
	base += offset;
	mapped = arch_mmio_map(ALIGN_DOWN(base, PAGE_SIZE),
			       ALIGN_UP(base % PAGE_SIZE + size, PAGE_SIZE));
	return mapped ? mapped + base % PAGE_SIZE : 0;
}
