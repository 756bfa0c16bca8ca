/* SPDX-License-Identifier: BSD-3-Clause */
/* The local APIC, for the files of this folder. */
#ifndef X86_64_APIC_H
#define X86_64_APIC_H

#include <lib/types.h>

/* What apic_send sends: delivery modes of the interrupt command register (SDM vol. 3, 10.6.1). */
#define APIC_SEND_FIXED	  0x4000u /* with a vector */
#define APIC_SEND_NMI	  0x4400u
#define APIC_SEND_INIT	  0x4500u
#define APIC_SEND_STARTUP 0x4600u /* with a page number */

/* Sends an interrupt to the CPU with this id. Any context. */
void apic_send(uint32_t apic_id, uint32_t command);

/* Sends it to all CPUs but the executing one. */
void apic_send_others(uint32_t command);

/* Local APIC and timer of another CPU than the boot CPU. */
void apic_init_cpu(void);

/* For arch_cpu_kick and apic_send_cpu, which take CPU numbers: the executing CPU's id. */
void apic_remember_id(void);
void apic_send_cpu(unsigned cpu, uint32_t command);

#endif /* X86_64_APIC_H */
