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

/* APIC ids of the CPUs besides SELF, each once; more than CAPACITY are left out. */
struct arch_smp_list {
	uint32_t *apic_ids;
	unsigned count, capacity;
	uint32_t self;
};

static inline void arch_smp_list_add(struct arch_smp_list *list, uint32_t apic_id)
{
	if (apic_id == list->self || list->count >= list->capacity)
		return;
	for (unsigned i = 0; i < list->count; i++) {
		if (list->apic_ids[i] == apic_id)
			return;
	}
	list->apic_ids[list->count++] = apic_id;
}

/* Adds the CPUs that the tables list. */
enum arch_smp_source arch_smp_find(uint64_t rsdp, struct arch_smp_list *list);

size_t arch_smp_tables_size(void);

/* Starts the first COUNT CPUs of LIST, all at once, and does not wait for them. PLACES stay in use
 * for ever. FRESH: nobody has started them since the machine's reset. */
void arch_smp_start(const struct arch_smp_place *places, const struct arch_smp_list *list,
		    unsigned count, bool fresh);

/* CPUs that have begun to start. */
unsigned arch_smp_begun(void);

/* How long it may take until one more CPU begins, or until all that have begun have joined. */
uint64_t arch_smp_patience_ns(void);

/* The executing CPU, which is in order now, takes part in arch_tlb_flush and gets interrupts of
 * other CPUs. */
void arch_smp_join(void);

/* Stops all other CPUs for good, whatever they do. */
void arch_smp_halt_others(void);

#endif /* ARCH_SMP_H */
