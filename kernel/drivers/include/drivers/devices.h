/* SPDX-License-Identifier: BSD-3-Clause */
/* What has to be done for all devices at once. */
#ifndef DRIVERS_DEVICES_H
#define DRIVERS_DEVICES_H

/*
 * Puts the registers of all PCI devices into the address space, before other CPUs start. QEMU with
 * a thread for each emulated CPU (7.2; later ones wait for the others) may deliver what one CPU
 * writes to its interrupt controller to a device that another one is just giving an address.
 */
void devices_settle(void);

#endif /* DRIVERS_DEVICES_H */
