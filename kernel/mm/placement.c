/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the application's pages lie: policies of areas, the node of a page, and moving pages to
 * another node. A page moves under SPACE_LOCK: it is taken out of the page table, flushed on all
 * CPUs, copied and put in again; who touches it meanwhile faults and waits for the lock. Pinned
 * pages stay, as the host knows them by their physical address.
 */
#include "space.h"

#include <lib/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/mempolicy.h>
#include <mm/frame.h>

/* Is all of START..END mapped? */
static bool is_mapped(uintptr_t start, uintptr_t end) REQUIRES(space_lock)
{
	const struct vm_area *area = area_find(&space.areas, start);

	while (area && area->start <= start && area->end < end) {
		start = area->end;
		area = area_next(area);
	}
	return area && area->start <= start;
}

bool vm_page_next(uintptr_t address, uintptr_t end, struct vm_page_info *info)
{
	arch_irq_state_t irq = spin_lock(&space_lock);
	struct mmu_page page;
	unsigned count = arch_mmu_scan(&address, end, 0, &page, 1);

	spin_unlock(&space_lock, irq);
	if (count)
		*info = (struct vm_page_info){
			.start = page.address,
			.end = page.address + (1ul << page.shift),
			.node = mm_node_of(page.frame),
			.dirty = page.dirty,
		};
	return count;
}

int vm_page_node(uintptr_t address)
{
	arch_irq_state_t irq = spin_lock(&space_lock);
	const struct vm_area *area = area_find(&space.areas, address);
	struct mmu_page page;
	int result;

	if (!area || area->start > address)
		result = -EFAULT;
	else if (!arch_mmu_query(address, &page))
		result = -ENOENT;
	else
		result = (int)mm_node_of(page.frame);
	spin_unlock(&space_lock, irq);
	return result;
}

/* The page of AREA gets FRAME instead of its own, which is freed. */
static void replace_frame(const struct vm_area *area, const struct mmu_page *page, paddr_t frame)
	REQUIRES(space_lock)
{
	uintptr_t end = page->address + (1ul << page->shift);
	struct mmu_unmap unmap = {
		.at = page->address, .end = end, .floor = page->address, .ceiling = end};
	bool more = arch_mmu_unmap(&unmap);
	int error;

	ASSERT(!more && unmap.count == 1 && unmap.pages[0].frame == page->frame);
	arch_tlb_flush(page->address, end);
	memcpy(mm_phys_to_virt(frame), mm_phys_to_virt(page->frame), 1ul << page->shift);
	error = arch_mmu_map(page->address, frame, page->shift,
			     area_attributes(area) | (unmap.pages[0].dirty ? MMU_DIRTY : 0));
	ASSERT(!error); /* the table is there */
	mm_frame_free(page->frame, page->shift - PAGE_SHIFT);
}

/* Moves the page at ADDRESS to where POLICY wants it: as vm_page_move. */
static int move_page(uintptr_t address, const struct mm_policy *policy) REQUIRES(space_lock)
{
	const struct vm_area *area = area_find(&space.areas, address);
	struct mmu_page page;
	unsigned order;
	paddr_t frame;
	int error;

	if (!area || area->start > address)
		return -EFAULT;
	if (!arch_mmu_query(address, &page))
		return -ENOENT;
	if (policy->nodes & mm_node_bit(mm_node_of(page.frame)))
		return 0;
	if (!area_owns_frames(area))
		return -EACCES;
	order = page.shift - PAGE_SHIFT;
	if (mm_frame_pinned(page.frame, 1ul << order))
		return -EBUSY;
	frame = mm_policy_alloc(policy, address >> page.shift, order, 0);
	if (frame == PADDR_NONE && order) {
		error = arch_mmu_split(ALIGN_DOWN(address, PAGE_SIZE) > page.address
					       ? ALIGN_DOWN(address, PAGE_SIZE)
					       : page.address + PAGE_SIZE);
		return error ? error : move_page(address, policy);
	}
	if (frame == PADDR_NONE)
		return -ENOMEM;
	replace_frame(area, &page, frame);
	return 0;
}

int vm_page_move(uintptr_t address, unsigned node)
{
	const struct mm_policy there = {.mode = MPOL_BIND, .nodes = mm_node_bit(node)};
	arch_irq_state_t irq = spin_lock(&space_lock);
	int error = move_page(address, &there);

	spin_unlock(&space_lock, irq);
	return error;
}

/* Is there a page in START..END on a node that is not among NODES? */
static bool is_misplaced(uintptr_t start, uintptr_t end, mm_nodes_t nodes) REQUIRES(space_lock)
{
	struct mmu_page page;

	while (start < end && arch_mmu_scan(&start, end, 0, &page, 1)) {
		if (!(nodes & mm_node_bit(mm_node_of(page.frame))))
			return true;
	}
	return false;
}

/* Moves the pages of START..END as POLICY wants: how many could not be moved. */
static unsigned long move_range(uintptr_t start, uintptr_t end, const struct mm_policy *policy)
{
	struct vm_page_info page;
	unsigned long failed = 0;
	arch_irq_state_t irq;

	while (start < end && vm_page_next(start, end, &page)) {
		irq = spin_lock(&space_lock);
		failed += move_page(page.start, policy) != 0;
		spin_unlock(&space_lock, irq);
		start = page.end;
	}
	return failed;
}

/* Makes the part of AREA in START..END an area of its own with POLICY; where it ends, or -errno. */
static int set_part(uintptr_t start, uintptr_t end, const struct mm_policy *policy,
		    struct removed *removed) REQUIRES(space_lock)
{
	struct vm_area *area;
	int error = space_split(start);

	if (!error)
		error = space_split(end);
	if (error)
		return error;
	area = area_find(&space.areas, start);
	area->policy = *policy;
	(void)space_merge(area, removed);
	return 0;
}

int vm_set_policy(uintptr_t address, size_t size, const struct mm_policy *policy, unsigned flags)
{
	struct removed removed = {NULL};
	arch_irq_state_t irq;
	uintptr_t at = address, end;
	int error = 0;

	if (!space_range(address, size, &end))
		return -EFAULT;
	irq = spin_lock(&space_lock);
	if (!is_mapped(address, end))
		error = -EFAULT;
	else if (flags == VM_POLICY_STRICT && is_misplaced(address, end, policy->nodes))
		error = -EIO;
	while (at < end && !error) {
		uintptr_t stop = MIN(area_find(&space.areas, at)->end, end);

		error = set_part(at, stop, policy, &removed);
		at = stop;
	}
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	if (!error && flags & VM_POLICY_MOVE && move_range(address, end, policy) &&
	    flags & VM_POLICY_STRICT)
		error = -EIO;
	return error;
}

int vm_set_home(uintptr_t address, size_t size, unsigned node)
{
	struct removed removed = {NULL};
	arch_irq_state_t irq;
	uintptr_t at = address, end;
	int error = -ENOENT;

	if (!space_range(address, size, &end))
		return -ENOENT;
	irq = spin_lock(&space_lock);
	while (at < end) {
		const struct vm_area *area = area_find(&space.areas, at);
		struct mm_policy policy;
		uintptr_t stop;

		if (!area || area->start >= end)
			break;
		policy = area->policy;
		at = MAX(at, area->start);
		stop = MIN(area->end, end);
		if (policy.mode != MPOL_DEFAULT) {
			error = policy.mode == MPOL_BIND || policy.mode == MPOL_PREFERRED_MANY
					? 0
					: -EOPNOTSUPP;
			policy.has_home = true;
			policy.home = (uint8_t)node;
			if (!error)
				error = set_part(at, stop, &policy, &removed);
			if (error)
				break;
		}
		at = stop;
	}
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	return error;
}
