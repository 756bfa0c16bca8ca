/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page faults. Under SPACE_LOCK the area is found and, where no waiting is needed, the page put in.
 * Otherwise (an object must be asked, a large page cleared) the handler notes what it needs, does
 * it without the lock, takes the lock again and checks that the address still shows the same: if
 * not, or if another thread was faster, it starts anew. So munmap, truncation and other faults
 * never wait for a fault that waits for the host.
 */
#include "space.h"

#include <arch/trap.h>
#include <asm-generic/mman-common.h>
#include <lib/assert.h>
#include <linux/errno.h>
#include <mm/frame.h>

/* Private file pages are read in blocks of up to this order: each request to the host costs. */
#define READ_AROUND_ORDER 4u

enum step {
	STEP_DONE = 0,	 /* or -errno */
	STEP_CLEAR_HUGE, /* needs fault.huge */
	STEP_READ,	 /* needs a read of fault.object */
	STEP_GET_PAGE,	 /* needs a shared page of fault.object */
};

struct fault {
	uintptr_t page;
	unsigned access; /* ARCH_FAULT_* */
	paddr_t huge;	 /* a cleared large page, or PADDR_NONE */
	bool no_huge;	 /* there is none */
	struct mm_policy policy;
	/* STEP_READ, STEP_GET_PAGE: what to ask for */
	struct vm_object *object; /* with a reference */
	uintptr_t start;
	unsigned order;
	uint64_t offset;
	uint64_t unmaps; /* object->unmaps when asked */
};

static int check_rights(const struct vm_area *area, unsigned access)
{
	if (access & ARCH_FAULT_WRITE)
		return area->prot & PROT_WRITE ? 0 : -EACCES;
	if (access & ARCH_FAULT_EXEC)
		return area->prot & PROT_EXEC ? 0 : -EACCES;
	return area->prot ? 0 : -EACCES;
}

/* May a large page at BASE go into AREA, where a hole of HOLE_SHIFT is? */
static bool huge_fits(const struct vm_area *area, uintptr_t base, unsigned hole_shift)
	REQUIRES(space_lock)
{
	uint64_t reserve = space.frames_total / 16 + (1u << MM_ORDER_HUGE);

	return hole_shift >= HUGE_PAGE_SHIFT && !(area->flags & (VM_STACK | VM_NOHUGE)) &&
	       base >= area->start && area->end - base >= HUGE_PAGE_SIZE &&
	       mm_frame_free_count() >= reserve;
}

/*
 * Many areas are touched in a few places only; a large page there would cost its clearing, or the
 * host's when it supplies memory that was never used. So large pages are for those who ask, and for
 * those who go through an area from bottom to top.
 */
static bool huge_is_wanted(const struct vm_area *area, uintptr_t address)
{
	struct mmu_page before;

	if (area->flags & VM_HUGE)
		return true;
	return IS_ALIGNED(address, HUGE_PAGE_SIZE) && address > area->start &&
	       arch_mmu_query(address - PAGE_SIZE, &before);
}

/* Tries a large page: STEP_DONE, STEP_CLEAR_HUGE, or -EAGAIN (a small page will do). */
static int anonymous_huge(const struct vm_area *area, struct fault *fault, unsigned hole_shift)
	REQUIRES(space_lock)
{
	uintptr_t base = ALIGN_DOWN(fault->page, HUGE_PAGE_SIZE);
	paddr_t frame = fault->huge;

	if (!huge_fits(area, base, hole_shift) || !huge_is_wanted(area, fault->page))
		return -EAGAIN;
	if (frame == PADDR_NONE)
		frame = mm_policy_alloc(&area->policy, base >> HUGE_PAGE_SHIFT, MM_ORDER_HUGE,
					MM_ZERO | MM_FRESH);
	if (frame == PADDR_NONE)
		return fault->no_huge ? -EAGAIN : STEP_CLEAR_HUGE;
	fault->huge = PADDR_NONE;
	if (space_install(area, base, frame, HUGE_PAGE_SHIFT, true)) {
		mm_frame_free(frame, MM_ORDER_HUGE);
		return -EAGAIN;
	}
	return STEP_DONE;
}

static int anonymous_small(const struct vm_area *area, uintptr_t page) REQUIRES(space_lock)
{
	paddr_t frame = mm_policy_alloc(&area->policy, page >> PAGE_SHIFT, 0, MM_ZERO);
	int error;

	if (frame == PADDR_NONE)
		return -ENOMEM;
	error = space_install(area, page, frame, PAGE_SHIFT, true);
	if (error)
		mm_frame_free(frame, 0);
	return error;
}

/* Notes what to ask the object for. */
static int object_step(const struct vm_area *area, struct fault *fault) REQUIRES(space_lock)
{
	fault->object = area->object;
	vm_object_get(fault->object);
	fault->unmaps = fault->object->unmaps;
	fault->start = fault->page;
	fault->order = 0;
	space.major_faults++;
	if (area->flags & VM_SHARED) {
		fault->offset = area->offset + (fault->start - area->start);
		return STEP_GET_PAGE;
	}
	/* The largest aligned block around the page that lies in the area and is empty. */
	for (unsigned order = READ_AROUND_ORDER; order > 0; order--) {
		uintptr_t start = ALIGN_DOWN(fault->page, PAGE_SIZE << order);
		uintptr_t end = start + (PAGE_SIZE << order);

		if (start >= area->start && end <= area->end && !space_resident(start, end)) {
			fault->start = start;
			fault->order = order;
			break;
		}
	}
	fault->offset = area->offset + (fault->start - area->start);
	return STEP_READ;
}

/* One attempt under the lock: STEP_* or -errno. */
static int fault_step(struct fault *fault) REQUIRES(space_lock)
{
	struct vm_area *area = space.recent;
	struct mmu_page page;
	int result;

	if (!area || fault->page < area->start || fault->page >= area->end) {
		area = area_find(&space.areas, fault->page);
		if (!area || fault->page < area->start)
			return -EFAULT;
		space.recent = area;
	}
	result = check_rights(area, fault->access);
	if (result)
		return result;
	fault->policy = area->policy;
	if (arch_mmu_query(fault->page, &page)) {
		/* Another thread was faster, or this CPU remembers older rights. */
		arch_tlb_flush_local(fault->page, fault->page + PAGE_SIZE);
		return STEP_DONE;
	}
	if (area->object)
		return object_step(area, fault);
	result = anonymous_huge(area, fault, page.shift);
	return result == -EAGAIN ? anonymous_small(area, fault->page) : result;
}

/* Does the address still show what was asked for? The area, or NULL. */
static struct vm_area *still_there(const struct fault *fault) REQUIRES(space_lock)
{
	struct vm_area *area = area_find(&space.areas, fault->start);
	uintptr_t end = fault->start + (PAGE_SIZE << fault->order);

	if (!area || area->start > fault->start || area->end < end ||
	    area->object != fault->object || fault->object->unmaps != fault->unmaps ||
	    area->offset + (fault->start - area->start) != fault->offset)
		return NULL;
	return area;
}

/* Puts the first COUNT frames of the block into the area, where there is nothing yet. */
static int install_block(const struct vm_area *area, const struct fault *fault, paddr_t frame,
			 size_t count) REQUIRES(space_lock)
{
	bool dirty = fault->access & ARCH_FAULT_WRITE;
	struct mmu_page page;
	int error = 0;

	for (size_t i = 0; i < 1ul << fault->order; i++, frame += PAGE_SIZE) {
		uintptr_t address = fault->start + i * PAGE_SIZE;

		if (i < count && !error && !arch_mmu_query(address, &page)) {
			error = space_install(area, address, frame, PAGE_SHIFT, dirty);
			if (!error)
				continue;
		}
		mm_frame_free(frame, 0);
	}
	return error;
}

/* By the policy of the area that was found; without the lock. */
static paddr_t alloc_for(const struct fault *fault, uintptr_t address, unsigned order,
			 unsigned flags)
{
	return mm_policy_alloc(&fault->policy, address >> (PAGE_SHIFT + order), order, flags);
}

/* Pages of a private mapping: 0 (look again) or -errno. */
static int read_private(struct fault *fault)
{
	size_t size, needed = fault->page - fault->start;
	const struct vm_area *area;
	arch_irq_state_t irq;
	int64_t result;
	paddr_t frame;
	int error = 0;

	frame = alloc_for(fault, fault->start, fault->order, 0);
	if (frame == PADDR_NONE && fault->order) {
		fault->offset += needed;
		fault->start = fault->page;
		fault->order = 0;
		needed = 0;
		frame = alloc_for(fault, fault->start, 0, 0);
	}
	if (frame == PADDR_NONE)
		return -ENOMEM;
	size = PAGE_SIZE << fault->order;
	result = fault->object->ops->read(fault->object, fault->offset, frame, size);
	if (result >= 0 && (size_t)result <= needed)
		result = -EIO; /* behind the end of the file */
	if (result < 0) {
		mm_frame_free(frame, fault->order);
		return (int)result;
	}
	irq = spin_lock(&space_lock);
	area = still_there(fault);
	if (area && !(area->flags & VM_SHARED))
		error = install_block(area, fault, frame,
				      ((size_t)result + PAGE_SIZE - 1) / PAGE_SIZE);
	else
		mm_frame_free(frame, fault->order);
	spin_unlock(&space_lock, irq);
	return error;
}

static int get_shared(struct fault *fault)
{
	bool write = fault->access & ARCH_FAULT_WRITE;
	const struct vm_area *area;
	struct mmu_page page;
	arch_irq_state_t irq;
	paddr_t frame;
	int error;

	if (!fault->object->ops->get_page)
		return -EIO;
	error = fault->object->ops->get_page(fault->object, fault->offset >> PAGE_SHIFT, &frame);
	if (error)
		return error;
	irq = spin_lock(&space_lock);
	area = still_there(fault);
	if (area && area->flags & VM_SHARED && !arch_mmu_query(fault->page, &page))
		error = space_install(area, fault->page, frame, PAGE_SHIFT, write);
	spin_unlock(&space_lock, irq);
	return error;
}

static int ask_object(struct fault *fault, int step)
{
	struct vm_object *object = fault->object;
	int error;

	ASSERT(object);
	error = step == STEP_READ ? read_private(fault) : get_shared(fault);
	fault->object = NULL;
	vm_object_put(object);
	return error;
}

int vm_fault(uintptr_t address, unsigned access)
{
	struct fault fault = {
		.page = ALIGN_DOWN(address, PAGE_SIZE),
		.access = access,
		.huge = PADDR_NONE,
	};
	arch_irq_state_t irq;
	int result;

	do {
		irq = spin_lock(&space_lock);
		space.faults++;
		result = fault_step(&fault);
		spin_unlock(&space_lock, irq);
		if (likely(result <= 0))
			break;
		if (result == STEP_CLEAR_HUGE) {
			fault.huge = alloc_for(&fault, fault.page, MM_ORDER_HUGE, MM_ZERO);
			fault.no_huge = fault.huge == PADDR_NONE;
		} else {
			/* When it has worked, the next attempt finds the page. */
			result = ask_object(&fault, result);
		}
	} while (result >= 0);
	if (fault.huge != PADDR_NONE)
		mm_frame_free(fault.huge, MM_ORDER_HUGE);
	return result;
}
