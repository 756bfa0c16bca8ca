/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the interrupt lines of PCI devices lead. The firmware that starts images leaves no tables
 * about it, so this knows the two chipsets of QEMU's PCI machines: PIIX3 (82371SB data
 * sheet, 4.1.7) in pc, whose registers choose an ISA interrupt, and ICH9 (data sheet, 10.1.45
 * and 13.1) in q35, where the lines are inputs 20 to 23 of the I/O APIC.
 */
#include <asm/errno.h>
#include <core/irq.h>

#include "pci.h"

#define INTEL	       0x8086u
#define PIIX3	       0x7000u
#define PIIX3_SLOT     1u
#define PIIX3_PIRQ     0x60u /* a register per line */
#define PIIX3_OFF      0x80u
#define PIIX3_IRQ      11u /* for lines that lead nowhere */
#define ICH9_LPC       0x2918u
#define ICH9_SLOT      31u
#define ICH9_SLOTS_MAX 24u /* from 25 on: the chipset's own devices */
#define ICH9_FIRST_GSI 20u

/* Is the bridge DEVICE in SLOT? */
static bool has_bridge(unsigned slot, uint32_t device)
{
	struct pci_address bridge = {.device = (uint8_t)slot};

	return pci_read32(bridge, PCI_VENDOR_ID) == (device << 16 | INTEL);
}

/* I/O APIC input of line LINE (A to D: 0 to 3), which the firmware may have left unconnected. */
static unsigned piix3_gsi(unsigned line)
{
	struct pci_address bridge = {.device = PIIX3_SLOT};
	uint8_t shift = (uint8_t)(8 * line);
	uint32_t routes = pci_read32(bridge, PIIX3_PIRQ);

	if (routes >> shift & PIIX3_OFF) {
		routes = (routes & ~(0xffu << shift)) | PIIX3_IRQ << shift;
		pci_write32(bridge, PIIX3_PIRQ, routes);
	}
	return routes >> shift & 15;
}

int pci_route_intx(struct pci_address address, unsigned vector)
{
	unsigned pin = pci_read8(address, PCI_INTERRUPT_PIN);

	if (pin < 1 || pin > 4 || address.bus)
		return -ENODEV;
	if (has_bridge(PIIX3_SLOT, PIIX3))
		return irq_route(piix3_gsi((address.device + pin - 2u) & 3), vector, true, false);
	if (has_bridge(ICH9_SLOT, ICH9_LPC) && address.device <= ICH9_SLOTS_MAX)
		return irq_route(ICH9_FIRST_GSI + ((address.device + pin - 1u) & 3), vector, true,
				 false);
	return -ENODEV;
}
