/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address space: areas and pages together, accounting. All under SPACE_LOCK.
 *
 * Memory is promised when an area that counts (VM_ACCOUNTED) is mapped: SPACE.PROMISED is the
 * number of pages of such areas that have no frame yet, and a new promise needs that many free
 * frames beyond it. So malloc fails with ENOMEM, and a page fault does not find memory exhausted.
 */
#include "space.h"

#include <arch/user.h>
#include <lib/assert.h>
#include <lib/checked.h>
#include <linux/errno.h>
#include <mm/frame.h>
#include <mm/heap.h>

struct spinlock space_lock = SPINLOCK_INIT;
struct vm_space space;

bool space_range(uintptr_t start, size_t size, uintptr_t *end)
{
	if (!IS_ALIGNED(start, PAGE_SIZE) || align_up_overflows(size, PAGE_SIZE, &size) ||
	    !arch_user_range_ok(start, size))
		return false;
	*end = start + size;
	return true;
}

/* Frames that no promise touches: for tables, areas and what else the kernel needs. */
static uint64_t kernel_reserve(void) REQUIRES(space_lock)
{
	return MIN(space.frames_total / 32, 2048ul);
}

int space_check_memory(uint64_t pages)
{
	uint64_t needed = space.promised + kernel_reserve();

	return add_overflows(needed, pages, &needed) || needed > mm_frame_free_count() ? -ENOMEM
										       : 0;
}

int space_promise(uint64_t pages)
{
	if (space_check_memory(pages))
		return -ENOMEM;
	space.promised += pages;
	return 0;
}

static void unlist(struct vm_area *area, struct removed *removed) REQUIRES(space_lock)
{
	area_remove(&space.areas, area);
	if (space.recent == area)
		space.recent = NULL;
	space.area_count--;
	area->next_removed = removed->first;
	removed->first = area;
}

static struct vm_area *area_create(const struct vm_area *from) REQUIRES(space_lock)
{
	struct vm_area *area = kmalloc(sizeof(*area));

	if (!area)
		return NULL;
	*area = *from;
	if (area->object)
		vm_object_get(area->object);
	area_insert(&space.areas, area);
	space.area_count++;
	return area;
}

/* RIGHT goes, LEFT takes over its space. */
static void absorb(struct vm_area *left, struct vm_area *right, struct removed *removed)
	REQUIRES(space_lock)
{
	uintptr_t end = right->end;

	unlist(right, removed);
	area_resize(&space.areas, left, left->start, end);
}

struct vm_area *space_merge(struct vm_area *area, struct removed *removed)
{
	struct vm_area *prev = area_prev(area), *next = area_next(area);

	if (next && area_mergeable(area, next))
		absorb(area, next, removed);
	if (prev && area_mergeable(prev, area)) {
		absorb(prev, area, removed);
		return prev;
	}
	return area;
}

struct vm_area *space_add(const struct vm_area *area, struct removed *removed)
{
	struct vm_area *next = area_find(&space.areas, area->start), *prev;

	prev = next ? area_prev(next) : area_last(&space.areas);
	if (prev && area_mergeable(prev, area)) {
		area_resize(&space.areas, prev, prev->start, area->end);
		if (next && area_mergeable(prev, next))
			absorb(prev, next, removed);
		return prev;
	}
	if (next && area_mergeable(area, next)) {
		area_resize(&space.areas, next, area->start, next->end);
		return next;
	}
	return area_create(area);
}

int space_split(uintptr_t address)
{
	struct vm_area *area = area_find(&space.areas, address), right;
	uintptr_t end;
	int error;

	if (!area || area->start >= address)
		return 0;
	error = arch_mmu_split(address);
	if (error)
		return error;
	right = *area;
	right.start = address;
	right.offset += address - area->start;
	end = area->end;
	area_resize(&space.areas, area, area->start, address);
	if (!area_create(&right)) {
		area_resize(&space.areas, area, area->start, end);
		return -ENOMEM;
	}
	return 0;
}

/* What becomes of a page that was taken out. */
static void release_page(struct vm_area *area, const struct mmu_page *page)
{
	struct vm_object *object = area->object;

	if (page->table)
		mmu_table_free(page->frame);
	else if (area_owns_frames(area))
		mm_frame_free(page->frame, page->shift - PAGE_SHIFT);
	else if (object && page->dirty)
		object->ops->page_dirty(object, area_index(area, page->address));
}

/* Pages of the batch; flushes what they cover. */
static uint64_t flush_batch(const struct mmu_unmap *unmap, uintptr_t from)
{
	uintptr_t low = from, high = from + PAGE_SIZE;
	uint64_t pages = 0;

	for (unsigned i = 0; i < unmap->count; i++) {
		const struct mmu_page *page = &unmap->pages[i];

		if (page->table)
			continue;
		if (!pages)
			low = page->address;
		high = page->address + (1ul << page->shift);
		pages += 1ul << (page->shift - PAGE_SHIFT);
	}
	if (unmap->count)
		arch_tlb_flush(low, high);
	return pages;
}

uint64_t space_zap(struct vm_area *area, uintptr_t start, uintptr_t end, uintptr_t floor,
		   uintptr_t ceiling)
{
	struct mmu_unmap unmap;
	uint64_t pages = 0;
	uintptr_t from;
	bool more;

	unmap.at = start;
	unmap.end = end;
	unmap.floor = floor;
	unmap.ceiling = ceiling;
	do {
		from = unmap.at;
		more = arch_mmu_unmap(&unmap);
		pages += flush_batch(&unmap, from);
		for (unsigned i = 0; i < unmap.count; i++)
			release_page(area, &unmap.pages[i]);
	} while (more);
	space.resident_pages -= pages;
	return pages;
}

void space_discard(struct vm_area *area, uintptr_t start, uintptr_t end)
{
	uint64_t pages = space_zap(area, start, end, start, end);

	if (area->flags & VM_ACCOUNTED)
		space.promised += pages;
}

/* Frees what lies between *AT and END, up to a chunk, and moves *AT on. */
static void clear_chunk(uintptr_t *at, uintptr_t end) REQUIRES(space_lock)
{
	struct vm_area *area;
	struct mmu_page page;
	uintptr_t stop = *at;

	if (!arch_mmu_scan(&stop, end, 0, &page, 1)) { /* nothing is mapped any more */
		*at = end;
		return;
	}
	*at = MAX(*at, page.address);
	area = area_find(&space.areas, *at);
	ASSERT(area && area->start <= *at);
	stop = MIN(ALIGN_DOWN(*at, SPACE_CHUNK) + SPACE_CHUNK, end);
	stop = MIN(stop, area->end);
	/* Another thread may have merged the areas at the ends, and put a large page there. */
	if (arch_mmu_split(*at) || arch_mmu_split(stop)) {
		*at = end;
		return;
	}
	space_discard(area, *at, stop);
	*at = stop;
}

int space_clear_large(uintptr_t start, uintptr_t end)
{
	arch_irq_state_t irq;
	int error;

	if (end - start <= SPACE_CHUNK)
		return 0;
	irq = spin_lock(&space_lock);
	error = space_split(start);
	if (!error)
		error = space_split(end);
	spin_unlock(&space_lock, irq);
	while (!error && start < end) {
		irq = spin_lock(&space_lock);
		clear_chunk(&start, end);
		spin_unlock(&space_lock, irq);
	}
	return error;
}

/* Takes the part START..END of AREA, at its start, its end or all of it, out. */
static void remove_part(struct vm_area *area, uintptr_t start, uintptr_t end,
			struct removed *removed) REQUIRES(space_lock)
{
	uintptr_t floor = area->start < start ? start : area_floor(area);
	uintptr_t ceiling = area->end > end ? end : area_ceiling(area);
	uint64_t pages = pages_in(start, end), resident;

	resident = space_zap(area, start, end, floor, ceiling);
	if (area->flags & VM_ACCOUNTED)
		space.promised -= pages - resident;
	if (area->flags & VM_LOCKED)
		space.locked_pages -= pages;
	space.mapped_pages -= pages;
	if (area->start < start)
		area_resize(&space.areas, area, area->start, start);
	else if (area->end > end)
		area_resize(&space.areas, area, end, area->end);
	else
		unlist(area, removed);
}

int space_remove(uintptr_t start, uintptr_t end, struct removed *removed)
{
	struct vm_area *area = area_find(&space.areas, start), *last, *next;
	int error = 0;

	if (!area || area->start >= end)
		return 0;
	if (area->start < start && area->end > end) {
		error = space_split(start); /* now END is inside of the right part only */
		area = area_find(&space.areas, start);
	} else if (area->start < start) {
		error = arch_mmu_split(start);
	}
	last = area->end > end ? area : area_find(&space.areas, end);
	if (!error && last && last->start < end)
		error = arch_mmu_split(end);
	if (error)
		return error;
	for (; area && area->start < end; area = next) {
		next = area_next(area);
		remove_part(area, MAX(area->start, start), MIN(area->end, end), removed);
	}
	return 0;
}

void space_release(struct removed *removed)
{
	struct vm_area *area, *next;

	for (area = removed->first; area; area = next) {
		next = area->next_removed;
		vm_object_put(area->object);
		kfree(area);
	}
	removed->first = NULL;
}

static bool is_free(uintptr_t start, size_t size) REQUIRES(space_lock)
{
	const struct vm_area *area = area_find(&space.areas, start);

	return !area || (area->start > start && area->start - start >= size);
}

int space_find_free(uintptr_t hint, size_t size, uintptr_t limit, uintptr_t congruent,
		    uintptr_t *out)
{
	const size_t slack = HUGE_PAGE_SIZE - PAGE_SIZE;
	uintptr_t top = MIN(space.map_top, limit), found = 0;

	if (size > limit - ARCH_USER_START)
		return -ENOMEM;
	if (hint >= ARCH_USER_START && hint <= ARCH_USER_END - size && hint <= limit - size &&
	    is_free(hint, size)) {
		*out = hint;
		return 0;
	}
	/*
	 * New areas begin with a large page only when they consist of large pages. Vectors of any
	 * other size would all begin at the same offset in a large page, and evict each other from
	 * caches and TLBs.
	 */
	if (size >= HUGE_PAGE_SIZE && (congruent || IS_ALIGNED(size, HUGE_PAGE_SIZE))) {
		found = area_gap_top(&space.areas, size + slack, ARCH_USER_START, top);
		if (found) {
			found += slack;
			found -= (found - congruent) & (HUGE_PAGE_SIZE - 1);
		}
	}
	if (!found)
		found = area_gap_top(&space.areas, size, ARCH_USER_START, top);
	if (!found)
		found = area_gap_top(&space.areas, size, ARCH_USER_START,
				     MIN(ARCH_USER_END, limit));
	*out = found;
	return found ? 0 : -ENOMEM;
}

int space_install(const struct vm_area *area, uintptr_t address, paddr_t frame, unsigned shift,
		  bool dirty)
{
	uint64_t pages = 1ul << (shift - PAGE_SHIFT);
	int error = arch_mmu_map(address, frame, shift,
				 area_attributes(area) | (dirty ? MMU_DIRTY : 0));

	if (error)
		return error;
	space.resident_pages += pages;
	if (area->flags & VM_ACCOUNTED)
		space.promised -= pages;
	return 0;
}

uint64_t space_resident(uintptr_t start, uintptr_t end)
{
	struct mmu_page pages[16];
	uint64_t sum = 0;
	unsigned count;

	do {
		count = arch_mmu_scan(&start, end, 0, pages, ARRAY_SIZE(pages));
		for (unsigned i = 0; i < count; i++)
			sum += 1ul << (pages[i].shift - PAGE_SHIFT);
	} while (start < end);
	return sum;
}

int space_populate(uintptr_t start, uintptr_t end, bool write)
{
	struct mmu_page page;
	arch_irq_state_t irq;
	int error = 0;
	bool there;

	while (start < end && !error) {
		irq = spin_lock(&space_lock);
		there = arch_mmu_query(start, &page) &&
			(!write || page.attributes & MMU_WRITE || !page.attributes);
		spin_unlock(&space_lock, irq);
		if (!there) {
			error = vm_fault(start, write ? ARCH_FAULT_WRITE : 0);
			continue;
		}
		start = page.address + (1ul << page.shift);
	}
	return error;
}
