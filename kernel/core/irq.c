/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From vector to handler. Entries are written before the vector can fire and never change
 * afterwards, so dispatch reads them without a lock; irq_lock guards the allocation.
 */
#include <core/irq.h>

#include <arch/cpu.h>
#include <arch/mmu.h>
#include <arch/trap.h>
#include <asm/errno.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/spinlock.h>
#include <lib/assert.h>

struct irq_entry {
	irq_handler_fn handler;
	void *argument;
};

static struct irq_entry entries[256];
static struct spinlock irq_lock = SPINLOCK_INIT;
static unsigned next_vector GUARDED_BY(irq_lock) = ARCH_VECTOR_IRQ_BASE;

int irq_alloc(irq_handler_fn handler, void *argument)
{
	arch_irq_state_t state = spin_lock(&irq_lock);
	int vector = -ENOSPC;

	if (next_vector < ARCH_VECTOR_TIMER) {
		vector = (int)next_vector++;
		entries[vector] = (struct irq_entry){handler, argument};
	}
	spin_unlock(&irq_lock, state);
	return vector;
}

int irq_route(unsigned gsi, unsigned vector, bool level, bool active_low)
{
	ASSERT(entries[vector].handler);
	return arch_irq_route(gsi, vector, level, active_low);
}

void irq_set_fixed(unsigned vector, irq_handler_fn handler, void *argument)
{
	ASSERT(vector >= ARCH_VECTOR_TIMER && vector < ARRAY_SIZE(entries));
	entries[vector] = (struct irq_entry){handler, argument};
}

void irq_dispatch(unsigned vector)
{
	struct cpu *cpu = cpu_this();
	const struct irq_entry *entry = &entries[vector];

	if (vector == ARCH_VECTOR_SPURIOUS)
		return; /* no end of interrupt for this one (SDM vol. 3, 11.9) */
	if (cpu->arch.tlb_resting)
		arch_tlb_resume();
	cpu->irq_nesting++;
	cpu->irq_count++;
	if (vector == ARCH_VECTOR_TIMER)
		cpu->timer_irq_count++;
	if (entry->handler)
		entry->handler(entry->argument);
	else
		log_warning("irq: nobody handles vector %u", vector);
	arch_irq_eoi();
	cpu->irq_nesting--;
}
