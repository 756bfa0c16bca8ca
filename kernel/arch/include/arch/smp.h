/* SPDX-License-Identifier: BSD-3-Clause */
/* The other CPUs of the machine: which there are, and their start. Boot CPU, one task. */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include <arch/percpu.h>
#include <lib/compiler.h>
#include <lib/types.h>

/* What a CPU starts with. CPUs take the places of the array as they come, so that their numbers
 * have no gap even if one of them fails to start. */
struct arch_smp_place {
	uint64_t stack_top;	    /* asm.h knows its offset */
	struct arch_percpu *percpu; /* with its index */
	void *tables;		    /* arch_smp_tables_size() bytes, zero, aligned to 16 */
	void (*entry)(void);	    /* does not return; interrupts off, on the place's stack */
};

/* How far the tables of CPUs can be trusted: ACPI lists all, the MP table perhaps one of each
 * package, or there is none. */
enum arch_smp_source {
	ARCH_SMP_COMPLETE,
	ARCH_SMP_PACKAGES,
	ARCH_SMP_NONE,
};

/* APIC ids of the other CPUs that the tables list into APIC_IDS, their number into *COUNT. */
enum arch_smp_source arch_smp_find(uint64_t rsdp, uint32_t *apic_ids, unsigned capacity,
				   unsigned *count);

size_t arch_smp_tables_size(void);

/* Starts the CPUs APIC_IDS, all at once, and does not wait for them. PLACES stay in use for ever.
 */
void arch_smp_start(const struct arch_smp_place *places, const uint32_t *apic_ids, unsigned count);

/* How long a CPU may take to start. */
uint64_t arch_smp_patience_ns(void);

/* The executing CPU, which is in order now, takes part in arch_tlb_flush and gets interrupts of
 * other CPUs. */
void arch_smp_join(void);

/* Stops all other CPUs for good, whatever they do. */
void arch_smp_halt_others(void);

#endif /* ARCH_SMP_H */
