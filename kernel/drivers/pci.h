/* SPDX-License-Identifier: BSD-3-Clause */
/* PCI configuration space through ports (PCI 3.0, 3.2.2.3.2). Private to this folder. The caller
 * locks: devices are looked for by one task at start. */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include <lib/compiler.h>
#include <lib/types.h>

struct pci_address {
	uint8_t bus, device, function;
};

#define PCI_VENDOR_ID	  0x00
#define PCI_DEVICE_ID	  0x02
#define PCI_COMMAND	  0x04
#define PCI_STATUS	  0x06
#define PCI_REVISION	  0x08
#define PCI_HEADER_TYPE	  0x0e
#define PCI_BAR0	  0x10
#define PCI_CAPABILITIES  0x34
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_COMMAND_MEM	  0x0002
#define PCI_COMMAND_BUS	  0x0004
#define PCI_COMMAND_NOINT 0x0400
#define PCI_STATUS_CAPS	  0x0010
#define PCI_CAP_VENDOR	  0x09
#define PCI_CAP_MSIX	  0x11

uint32_t pci_read32(struct pci_address address, uint8_t offset);
uint16_t pci_read16(struct pci_address address, uint8_t offset);
uint8_t pci_read8(struct pci_address address, uint8_t offset);
void pci_write32(struct pci_address address, uint8_t offset, uint32_t value);
void pci_write16(struct pci_address address, uint8_t offset, uint16_t value);

/* The first device on bus 0 for which MATCH(vendor, device id) holds. */
bool pci_find(bool (*match)(uint16_t vendor, uint16_t device, uint32_t argument), uint32_t argument,
	      struct pci_address *out);

/* Offset of the next capability ID behind offset AFTER (0: the first), 0: none. */
uint8_t pci_capability(struct pci_address address, uint8_t id, uint8_t after);

/* Gives the memory BARs addresses that have none. Call it before memory accesses are enabled. */
void pci_assign_bars(struct pci_address address);

/* Gives the device its addresses, and lets it be accessed and access memory; its interrupt line
 * (INTx) may be used or stays off. */
void pci_enable(struct pci_address address, bool intx);

/* Physical address in memory BAR number INDEX, 0: no such BAR. */
paddr_t pci_bar(struct pci_address address, unsigned index);

/* Maps SIZE bytes at OFFSET in memory BAR number INDEX; 0: no such BAR, or no memory. */
uintptr_t pci_map_bar(struct pci_address address, unsigned index, uint32_t offset, size_t size);

/* Routes the device's interrupt line to VECTOR. 0, or -ENODEV: it has none, or nobody knows where
 * it leads in this machine. */
must_check int pci_route_intx(struct pci_address address, unsigned vector);

#endif /* DRIVERS_PCI_H */
