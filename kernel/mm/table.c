/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for page tables (arch/mmu.h). A table comes back empty, which is all zero, so a few of
 * them are kept: mapping and unmapping a page then clears no frame. Guarded by TABLES_LOCK. */
#include <arch/mmu.h>
#include <core/spinlock.h>
#include <mm/frame.h>

#define TABLES_KEPT 8u

static struct spinlock tables_lock = SPINLOCK_INIT;

static struct {
	unsigned count;
	paddr_t kept[TABLES_KEPT];
} tables GUARDED_BY(tables_lock);

paddr_t mmu_table_alloc(void)
{
	arch_irq_state_t irq = spin_lock(&tables_lock);
	paddr_t table = PADDR_NONE;

	if (tables.count)
		table = tables.kept[--tables.count];
	spin_unlock(&tables_lock, irq);
	return table != PADDR_NONE ? table : mm_frame_alloc(0, MM_ZERO);
}

void mmu_table_free(paddr_t table)
{
	arch_irq_state_t irq = spin_lock(&tables_lock);
	bool keep = tables.count < TABLES_KEPT;

	if (keep)
		tables.kept[tables.count++] = table;
	spin_unlock(&tables_lock, irq);
	if (!keep)
		mm_frame_free(table, 0);
}
