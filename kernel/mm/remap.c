/* SPDX-License-Identifier: BSD-3-Clause */
/* mremap: shrinks, grows in place, or moves the page table entries to a new place. */
#include "space.h"

#include <arch/user.h>
#include <lib/assert.h>
#include <lib/checked.h>
#include <linux/errno.h>
#include <linux/mman.h>

struct remap {
	uintptr_t from, to;
	size_t old_size, new_size; /* whole pages */
	unsigned flags;
};

static int check_arguments(struct remap *r)
{
	const unsigned known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
	uintptr_t end;

	if (r->flags & ~known || !IS_ALIGNED(r->from, PAGE_SIZE) || !r->new_size ||
	    (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(r->flags & MREMAP_MAYMOVE)))
		return -EINVAL;
	if (align_up_overflows(r->old_size, PAGE_SIZE, &r->old_size) ||
	    align_up_overflows(r->new_size, PAGE_SIZE, &r->new_size) || !r->old_size ||
	    (r->flags & MREMAP_DONTUNMAP && r->old_size != r->new_size))
		return -EINVAL;
	if (!(r->flags & MREMAP_FIXED))
		return 0;
	if (!space_range(r->to, r->new_size, &end) || r->to < ARCH_USER_START)
		return -EINVAL;
	return r->to < r->from + r->old_size && r->from < end ? -EINVAL : 0;
}

/* Grows AREA, which ends where the old range does, in place. 0, or -ENOMEM: it cannot. */
static int grow(struct vm_area *area, size_t growth, struct removed *removed) REQUIRES(space_lock)
{
	struct vm_area more = *area;
	uint64_t pages = growth >> PAGE_SHIFT;

	if (area_ceiling(area) - area->end < growth || ARCH_USER_END - area->end < growth)
		return -ENOMEM;
	if (area->flags & VM_ACCOUNTED && space_promise(pages))
		return -ENOMEM;
	more.start = area->end;
	more.end = area->end + growth;
	more.offset += more.start - area->start;
	space_add(&more, removed); /* joins AREA: cannot fail */
	space.mapped_pages += pages;
	if (area->flags & VM_LOCKED)
		space.locked_pages += pages;
	return 0;
}

/* Finds or frees the place to move to. */
static int move_place(struct remap *r, struct removed *removed) REQUIRES(space_lock)
{
	if (r->flags & MREMAP_FIXED)
		return space_remove(r->to, r->to + r->new_size, removed);
	return space_find_free(0, r->new_size, ARCH_USER_END, r->from, &r->to);
}

/*
 * Adds the target area and moves the pages there. The target is promised in full: what moves along
 * is no more owed there, but owed at the old place instead, until that is removed. 0 or -ENOMEM.
 */
static int move_pages(const struct remap *r, const struct vm_area *area, struct removed *removed)
	REQUIRES(space_lock)
{
	struct vm_area target = *area;
	uint64_t pages = r->new_size >> PAGE_SHIFT;
	int error;

	target.start = r->to;
	target.end = r->to + r->new_size;
	if (!space_add(&target, removed))
		return -ENOMEM;
	space.mapped_pages += pages;
	if (target.flags & VM_LOCKED)
		space.locked_pages += pages;
	if (target.flags & VM_ACCOUNTED)
		space.promised += pages;
	error = arch_mmu_move(r->from, r->to, MIN(r->old_size, r->new_size));
	arch_tlb_flush(r->from, r->from + r->old_size);
	if (error && space_remove(r->to, r->to + r->new_size, removed))
		return -ENOMEM; /* the target stays, empty */
	return error;
}

static int move(struct remap *r, struct removed *removed) REQUIRES(space_lock)
{
	uint64_t pages = r->new_size >> PAGE_SHIFT;
	const struct vm_area *area;
	int error;

	if (!(r->flags & MREMAP_DONTUNMAP))
		pages -= MIN(pages, r->old_size >> PAGE_SHIFT);
	error = move_place(r, removed);
	/* The old range becomes an area of its own, so that its removal cannot fail. */
	if (!error)
		error = space_split(r->from);
	if (!error)
		error = space_split(r->from + r->old_size);
	if (error)
		return error;
	area = area_find(&space.areas, r->from);
	if (area->flags & VM_ACCOUNTED && space_check_memory(pages))
		return -ENOMEM;
	error = move_pages(r, area, removed);
	if (error || r->flags & MREMAP_DONTUNMAP)
		return error;
	return space_remove(r->from, r->from + r->old_size, removed);
}

/* Under the lock: 0 (r->to is the result) or -errno. */
static int remap_locked(struct remap *r, struct removed *removed) REQUIRES(space_lock)
{
	struct vm_area *area = area_find(&space.areas, r->from);
	int error;

	if (!area || area->start > r->from)
		return -EFAULT;
	if (r->old_size > area->end - r->from && r->old_size > r->new_size)
		return -EFAULT;
	if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
		r->to = r->from;
		if (r->new_size == r->old_size)
			return 0;
		if (r->new_size < r->old_size)
			return space_remove(r->from + r->new_size, r->from + r->old_size, removed);
	}
	if (r->old_size > area->end - r->from)
		return -EFAULT;
	if (area->flags & VM_FIXED_RAM)
		return -EINVAL;
	if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && area->end == r->from + r->old_size) {
		error = grow(area, r->new_size - r->old_size, removed);
		if (!error)
			return 0;
	}
	return r->flags & MREMAP_MAYMOVE ? move(r, removed) : -ENOMEM;
}

long vm_remap(uintptr_t address, size_t old_size, size_t new_size, unsigned flags,
	      uintptr_t new_address)
{
	struct remap r = {address, new_address, old_size, new_size, flags};
	struct removed removed = {NULL};
	arch_irq_state_t irq;
	bool locked = false;
	struct vm_area *area;
	int error = check_arguments(&r);

	if (error)
		return error;
	irq = spin_lock(&space_lock);
	error = remap_locked(&r, &removed);
	if (!error) {
		area = area_find(&space.areas, r.to);
		locked = area->flags & VM_LOCKED && area->prot;
	}
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	if (error)
		return error;
	if (locked && r.new_size > r.old_size)
		(void)space_populate(r.to + r.old_size, r.to + r.new_size, false);
	return (long)r.to;
}
