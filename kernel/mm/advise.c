/* SPDX-License-Identifier: BSD-3-Clause */
/* madvise, mincore, msync and the mlock family: calls that go over the areas of a range. */
#include "space.h"

#include <arch/user.h>
#include <asm-generic/mman.h>
#include <lib/assert.h>
#include <lib/checked.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <mm/frame.h>

#define SCAN_PAGES 16u

/* One area's part of the range. 0 or -errno. */
typedef int (*part_fn)(struct vm_area *area, uintptr_t start, uintptr_t end, void *context,
		       struct removed *removed);

/*
 * Calls FN for the part of each area in START..END. A hole makes the result -ENOMEM, but what lies
 * behind it is done as well; an error of FN ends the call.
 */
static int for_each_part(uintptr_t start, uintptr_t end, part_fn fn, void *context)
{
	struct removed removed = {NULL};
	arch_irq_state_t irq = spin_lock(&space_lock);
	int error = 0, result = 0;

	while (start < end && !error) {
		struct vm_area *area = area_find(&space.areas, start);
		uintptr_t part_end;

		if (!area || area->start > start)
			result = -ENOMEM;
		if (!area || area->start >= end)
			break;
		start = MAX(start, area->start);
		part_end = MIN(end, area->end);
		error = fn(area, start, part_end, context, &removed);
		start = part_end;
	}
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	return error ? error : result;
}

static int part_discard(struct vm_area *area, uintptr_t start, uintptr_t end, void *context,
			struct removed *removed) REQUIRES(space_lock)
{
	int error;

	(void)context;
	(void)removed;
	if (area->flags & (VM_LOCKED | VM_FIXED_RAM | VM_IMAGE))
		return -EINVAL;
	error = arch_mmu_split(start);
	if (!error)
		error = arch_mmu_split(end);
	if (!error)
		space_discard(area, start, end);
	return error;
}

static int part_free(struct vm_area *area, uintptr_t start, uintptr_t end, void *context,
		     struct removed *removed) REQUIRES(space_lock)
{
	if (area->object)
		return -EINVAL; /* only for anonymous memory */
	return part_discard(area, start, end, context, removed);
}

/* Piece by piece, so that the lock is not held for long. */
static int advise_discard(uintptr_t start, uintptr_t end, part_fn fn)
{
	int error, result = 0;

	while (start < end) {
		uintptr_t stop = MIN(ALIGN_DOWN(start, SPACE_CHUNK) + SPACE_CHUNK, end);

		error = for_each_part(start, stop, fn, NULL);
		if (error && error != -ENOMEM)
			return error;
		if (error)
			result = error;
		start = stop;
	}
	return result;
}

struct change {
	unsigned set, clear; /* VM_* */
};

static int part_change(struct vm_area *area, uintptr_t start, uintptr_t end, void *context,
		       struct removed *removed) REQUIRES(space_lock)
{
	const struct change *change = context;
	unsigned flags = (area->flags & ~change->clear) | change->set;
	int error;

	if (flags == area->flags)
		return 0;
	error = space_split(start);
	if (!error)
		error = space_split(end);
	if (error)
		return error;
	area = area_find(&space.areas, start);
	if (flags & ~area->flags & VM_LOCKED)
		space.locked_pages += pages_in(start, end);
	if (area->flags & ~flags & VM_LOCKED)
		space.locked_pages -= pages_in(start, end);
	area->flags = flags;
	space_merge(area, removed);
	return 0;
}

static int part_nothing(struct vm_area *area, uintptr_t start, uintptr_t end, void *context,
			struct removed *removed)
{
	(void)area;
	(void)start;
	(void)end;
	(void)context;
	(void)removed;
	return 0;
}

static int advise_populate(uintptr_t start, uintptr_t end, bool write)
{
	int error = for_each_part(start, end, part_nothing, NULL);

	return error ? error : space_populate(start, end, write);
}

static int advise_change(uintptr_t start, uintptr_t end, unsigned set, unsigned clear)
{
	struct change change = {set, clear};

	return for_each_part(start, end, part_change, &change);
}

int vm_advise(uintptr_t address, size_t size, int advice)
{
	uintptr_t end;

	if (!IS_ALIGNED(address, PAGE_SIZE) || align_up_overflows(size, PAGE_SIZE, &size) ||
	    add_overflows(address, size, &end))
		return -EINVAL;
	switch (advice) {
	case MADV_DONTNEED:
		return advise_discard(address, end, part_discard);
	case MADV_FREE:
		return advise_discard(address, end, part_free);
	case MADV_HUGEPAGE:
		return advise_change(address, end, VM_HUGE, VM_NOHUGE);
	case MADV_NOHUGEPAGE:
		return advise_change(address, end, VM_NOHUGE, VM_HUGE);
	case MADV_POPULATE_READ:
		return advise_populate(address, end, false);
	case MADV_POPULATE_WRITE:
		return advise_populate(address, end, true);
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_COLD:
	case MADV_PAGEOUT:
		/* Hints about what is not there: read-ahead, swap, fork, core files. */
		return for_each_part(address, end, part_nothing, NULL);
	case MADV_REMOVE:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

int vm_mincore(uintptr_t address, size_t pages, uint8_t *out)
{
	uintptr_t at = address, end = address + pages * PAGE_SIZE;
	struct mmu_page found[SCAN_PAGES];
	arch_irq_state_t irq;
	unsigned count;
	int error;

	ASSERT(pages <= PAGE_SIZE);
	error = for_each_part(address, end, part_nothing, NULL);
	if (error)
		return error;
	memset(out, 0, pages);
	irq = spin_lock(&space_lock);
	do {
		count = arch_mmu_scan(&at, end, 0, found, ARRAY_SIZE(found));
		for (unsigned i = 0; i < count; i++) {
			uintptr_t start = MAX(found[i].address, address);
			uintptr_t stop = MIN(found[i].address + (1ul << found[i].shift), end);

			memset(&out[pages_in(address, start)], 1, pages_in(start, stop));
		}
	} while (at < end);
	spin_unlock(&space_lock, irq);
	return 0;
}

/* Tells the object of AREA which of its pages have been written. */
static void collect_dirty(struct vm_area *area, uintptr_t start, uintptr_t end) REQUIRES(space_lock)
{
	struct mmu_page pages[SCAN_PAGES];
	uintptr_t at = start;
	unsigned count;

	do {
		count = arch_mmu_scan(&at, end, MMU_SCAN_DIRTY, pages, ARRAY_SIZE(pages));
		for (unsigned i = 0; i < count; i++) {
			if (pages[i].dirty)
				area->object->ops->page_dirty(area->object,
							      area_index(area, pages[i].address));
		}
	} while (at < end);
	arch_tlb_flush(start, end);
}

/* The next part of START..END that is a shared mapping with an object to write back. */
struct writeback {
	struct vm_object *object; /* with a reference */
	uint64_t index, count;
};

static bool next_writeback(uintptr_t *start, uintptr_t end, struct writeback *job)
{
	arch_irq_state_t irq = spin_lock(&space_lock);
	struct vm_area *area = area_find(&space.areas, *start);
	uintptr_t part_end;

	job->object = NULL;
	for (; area && area->start < end && !job->object; area = area_next(area)) {
		*start = MAX(*start, area->start);
		part_end = MIN(end, area->end);
		if (area->object && area->flags & VM_SHARED && area->object->ops->sync) {
			collect_dirty(area, *start, part_end);
			job->object = area->object;
			vm_object_get(job->object);
			job->index = area_index(area, *start);
			job->count = pages_in(*start, part_end);
		}
		*start = part_end;
	}
	spin_unlock(&space_lock, irq);
	return job->object;
}

static int write_back(uintptr_t start, uintptr_t end, bool wait)
{
	struct writeback job = {0};
	int error = 0, result;

	while (start < end && next_writeback(&start, end, &job)) {
		result = 0;
		if (wait)
			result = job.object->ops->sync(job.object, job.index, job.count);
		if (result && !error)
			error = result;
		vm_object_put(job.object);
	}
	return error;
}

int vm_sync(uintptr_t address, size_t size, unsigned flags)
{
	uintptr_t end;
	int error, result;

	if (flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    !IS_ALIGNED(address, PAGE_SIZE) || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (align_up_overflows(size, PAGE_SIZE, &size) || add_overflows(address, size, &end))
		return -ENOMEM;
	result = for_each_part(address, end, part_nothing, NULL);
	error = write_back(address, end, flags & MS_SYNC);
	return error ? error : result;
}

void vm_sync_all(void)
{
	(void)write_back(0, ARCH_USER_END, true);
}

/* Locks START..END; pages that cannot be had are an error unless they come on demand. */
static int lock_range(uintptr_t start, uintptr_t end, bool on_fault)
{
	struct change change = {.set = VM_LOCKED};
	int error = for_each_part(start, end, part_change, &change);

	if (error || on_fault)
		return error;
	error = space_populate(start, end, false);
	return error == -EFAULT || error == -EACCES ? -ENOMEM : error;
}

int vm_lock(uintptr_t address, size_t size, bool on_fault)
{
	uintptr_t start = ALIGN_DOWN(address, PAGE_SIZE), end;

	if (add_overflows(address, size, &end) || end > ARCH_USER_END)
		return end < address ? -EINVAL : -ENOMEM;
	return lock_range(start, ALIGN_UP(end, PAGE_SIZE), on_fault);
}

int vm_unlock(uintptr_t address, size_t size)
{
	struct change change = {.clear = VM_LOCKED};
	uintptr_t end;

	if (add_overflows(address, size, &end) || end > ARCH_USER_END)
		return end < address ? -EINVAL : -ENOMEM;
	return for_each_part(ALIGN_DOWN(address, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE), part_change,
			     &change);
}

int vm_lock_all(unsigned flags)
{
	struct change change = {.set = VM_LOCKED};
	struct vm_area_info info;
	uintptr_t at = 0;
	arch_irq_state_t irq;

	if (flags & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
		return -EINVAL;
	irq = spin_lock(&space_lock);
	space.future_flags = flags & MCL_FUTURE ? VM_LOCKED : 0;
	space.future_on_fault = flags & MCL_ONFAULT;
	spin_unlock(&space_lock, irq);
	if (!flags)
		change = (struct change){.clear = VM_LOCKED};
	if (flags && !(flags & MCL_CURRENT))
		return 0;
	while (vm_area_next(at, &info)) {
		int error = for_each_part(info.start, info.end, part_change, &change);

		vm_object_put(info.object);
		if (error)
			return error;
		/* Areas without rights, and what the objects cannot give, stay as they are. */
		if (change.set && !(flags & MCL_ONFAULT) && info.prot)
			(void)space_populate(info.start, info.end, false);
		at = info.end;
	}
	return 0;
}
