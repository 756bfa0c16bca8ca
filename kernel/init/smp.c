/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other CPUs. The init task starts them all at once, goes on with what it has to do, and looks
 * after them before it starts the application. A CPU that needs longer joins later; one that never
 * does is missed in the log. Each CPU has its data, tables and first stack from here.
 */
#include <abi/boot_info.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/smp.h>
#include <arch/trap.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/log.h>
#include <drivers/devices.h>
#include <mm/heap.h>
#include <mm/node.h>
#include <sched/sched.h>

#include "app.h"

/* An idle host runs that many looks in a part of a second. On a busy one, whose turn it seldom is,
 * the others have had as much time to start as this CPU has had for the looks. */
#define LOOKS_MIN   1000000u

#define LATE_FACTOR 10u /* of the patience, for those that have begun */

/* Written by smp_start. */
static struct {
	uint32_t apic_ids[CPU_MAX];
	struct arch_smp_place places[CPU_MAX];
	unsigned count; /* CPUs that were started */
} others;

static void flush_requested(void *unused)
{
	(void)unused;
	arch_tlb_serve();
}

/* The wait that it ends was all it was for. */
static void woken(void *unused)
{
	(void)unused;
}

/* First code of another CPU that is not the processor's own. */
static void cpu_entry(void)
{
	struct cpu *cpu = cpu_this();

	arch_cpu_set_node(mm_node_of_cpu(arch_cpu_apic_id()));
	sched_init_cpu();
	arch_smp_join();
	cpu_publish(cpu);
	sched_start();
}

static bool place_fill(struct arch_smp_place *place, unsigned index)
{
	struct cpu *cpu = kzalloc(sizeof(*cpu));
	void *tables = kzalloc(arch_smp_tables_size());
	uintptr_t stack = 0;

	if (cpu && tables) {
		cpu->arch.index = index;
		stack = sched_prepare_cpu(cpu);
	}
	if (!stack) {
		kfree(cpu);
		kfree(tables);
		return false;
	}
	*place = (struct arch_smp_place){stack, &cpu->arch, tables, cpu_entry};
	return true;
}

/* CPUs besides this one: what the loader or the firmware says. An MP table need not list more than
 * one CPU of a package, so up to LIMIT the ids are filled up from 0 on, as virtual machines give
 * them. */
static unsigned find_others(const struct boot_info *boot, unsigned limit,
			    struct arch_smp_list *list)
{
	enum arch_smp_source source = ARCH_SMP_COMPLETE;

	if (!boot->cpu_count)
		source = arch_smp_find(boot->rsdp, list);
	for (unsigned i = 0; i < MIN(boot->cpu_count, (uint32_t)BOOT_CPUS_MAX); i++)
		arch_smp_list_add(list, boot->cpu_apic_id[i]);
	for (unsigned id = 0; source != ARCH_SMP_COMPLETE && id < limit && list->count < limit - 1;
	     id++)
		arch_smp_list_add(list, id);
	return MIN(list->count, limit - 1);
}

void smp_start(const struct boot_info *boot, unsigned limit, bool fresh)
{
	struct arch_smp_list list = {others.apic_ids, 0, CPU_MAX - 1, arch_cpu_apic_id()};
	unsigned count;

	limit = MIN(limit, CPU_MAX);
	if (limit < 2)
		return;
	count = find_others(boot, limit, &list);
	if (limit < CPU_MAX && count < limit - 1)
		log_error("smp: the machine has %u CPUs, not %u", count + 1, limit);
	while (others.count < count && place_fill(&others.places[others.count], others.count + 1))
		others.count++;
	if (others.count < count)
		log_error("smp: no memory for %u CPUs", count - others.count);
	if (!others.count)
		return;
	irq_set_fixed(ARCH_VECTOR_TLB, flush_requested, NULL);
	irq_set_fixed(ARCH_VECTOR_WAKE, woken, NULL);
	arch_smp_join();
	devices_settle();
	arch_smp_start(others.places, &list, others.count, fresh);
}

static bool has_joined(uint32_t apic_id)
{
	for (unsigned i = 1; i < cpu_count(); i++) {
		if (arch_cpu_apic_id_of(i) == apic_id)
			return true;
	}
	return false;
}

/* Waits until all have joined, or until no more has begun to start for long enough. One that has
 * begun may take longer. */
static void wait_for_others(void)
{
	uint64_t since = clock_monotonic_ns(), patience = arch_smp_patience_ns(), now;
	unsigned begun = arch_smp_begun(), looks = 0, late;

	while (cpu_count() <= others.count) {
		arch_cpu_relax();
		now = clock_monotonic_ns();
		if (arch_smp_begun() != begun) {
			begun = arch_smp_begun();
			since = now;
			looks = 0;
		}
		late = cpu_count() <= begun ? LATE_FACTOR : 1;
		if (++looks > LOOKS_MIN && now - since > patience * late)
			break;
	}
}

void smp_wait(void)
{
	if (!others.count)
		return;
	wait_for_others();
	for (unsigned i = 0; i < others.count; i++) {
		if (!has_joined(others.apic_ids[i]))
			log_error("smp: the CPU with APIC id %u does not start",
				  others.apic_ids[i]);
	}
	log_info("smp: %u CPUs", cpu_count());
}
