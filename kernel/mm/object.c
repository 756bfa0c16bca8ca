/* SPDX-License-Identifier: BSD-3-Clause */
/* Objects that are mapped: references, and taking pages out when a file is cut. */
#include "space.h"

#include <lib/assert.h>

void vm_object_put(struct vm_object *object)
{
	if (!object || atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel) != 1)
		return;
	ASSERT(list_empty(&object->areas));
	object->ops->release(object);
}

/* The part of AREA that shows pages from FIRST_INDEX on. */
static void unmap_from(struct vm_area *area, uint64_t first_index) REQUIRES(space_lock)
{
	uint64_t offset = first_index << PAGE_SHIFT;
	uintptr_t start = area->start;

	if (offset > area->offset)
		start += offset - area->offset;
	if (start >= area->start && start < area->end)
		space_discard(area, start, area->end);
}

void vm_object_unmap(struct vm_object *object, uint64_t first_index)
{
	arch_irq_state_t irq = spin_lock(&space_lock);
	struct vm_area *area;

	object->unmaps++;
	list_for_each_entry (area, &object->areas, object_node)
		unmap_from(area, first_index);
	spin_unlock(&space_lock, irq);
}
