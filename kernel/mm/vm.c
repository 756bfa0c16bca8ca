/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mapping, unmapping, rights, the heap of brk(), the image. Each call checks its arguments, takes
 * SPACE_LOCK, does its work on areas and pages (space.c), releases it, and only then drops
 * references to objects, which may block.
 */
#include "space.h"

#include <arch/user.h>
#include <asm-generic/mman.h>
#include <lib/assert.h>
#include <lib/checked.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <mm/frame.h>

#define PROT_RIGHTS (PROT_READ | PROT_WRITE | PROT_EXEC)
#define LIMIT_32BIT 0x80000000ul

_Static_assert(PROT_READ == MMU_READ && PROT_WRITE == MMU_WRITE && PROT_EXEC == MMU_EXEC,
	       "rights of areas are rights of pages");

void vm_init(uintptr_t map_top)
{
	struct mm_frame_stats frames;
	arch_irq_state_t irq;

	mm_frame_stats(&frames);
	irq = spin_lock(&space_lock);
	memset(&space, 0, sizeof(space));
	area_tree_init(&space.areas);
	space.map_top = map_top;
	space.frames_total = frames.total;
	spin_unlock(&space_lock, irq);
}

static void count_mapped(const struct vm_area *area) REQUIRES(space_lock)
{
	uint64_t pages = pages_in(area->start, area->end);

	space.mapped_pages += pages;
	if (area->flags & VM_LOCKED)
		space.locked_pages += pages;
}

/* Adds AREA, whose space is free, with its promise. 0 or -ENOMEM. */
static int map_area(struct vm_area *area, struct removed *removed) REQUIRES(space_lock)
{
	uint64_t pages = pages_in(area->start, area->end);

	if (counts(area->prot, area->flags, area->object)) {
		if (space_promise(pages))
			return -ENOMEM;
		area->flags |= VM_ACCOUNTED;
	}
	if (!space_add(area, removed)) {
		if (area->flags & VM_ACCOUNTED)
			space.promised -= pages;
		return -ENOMEM;
	}
	count_mapped(area);
	return 0;
}

/* Finds the place for REQUEST and makes it free: *START, or -errno. */
static int map_place(const struct vm_map_request *request, size_t size, uintptr_t *start,
		     struct removed *removed) REQUIRES(space_lock)
{
	uintptr_t limit = request->request & VM_MAP_32BIT ? LIMIT_32BIT : ARCH_USER_END;
	const struct vm_area *area;

	if (!(request->request & VM_MAP_FIXED))
		return space_find_free(ALIGN_DOWN(request->address, PAGE_SIZE), size, limit,
				       request->offset, start);
	*start = request->address;
	if (request->request & VM_MAP_NOREPLACE) {
		area = area_find(&space.areas, *start);
		return area && area->start < *start + size ? -EEXIST : 0;
	}
	return space_remove(*start, *start + size, removed);
}

static int check_request(const struct vm_map_request *request, size_t *size)
{
	if (!request->size)
		return -EINVAL;
	if (align_up_overflows(request->size, PAGE_SIZE, size) || !*size)
		return -ENOMEM;
	if (request->request & VM_MAP_FIXED) {
		if (!IS_ALIGNED(request->address, PAGE_SIZE))
			return -EINVAL;
		if (!arch_user_range_ok(request->address, *size))
			return -ENOMEM;
		if (request->address < ARCH_USER_START)
			return -EPERM;
	}
	return 0;
}

long vm_map(const struct vm_map_request *request)
{
	struct vm_area area = {
		.prot = request->prot & PROT_RIGHTS,
		.object = request->object,
		.offset = request->object ? request->offset : 0,
	};
	struct removed removed = {NULL};
	bool populate = request->request & VM_MAP_POPULATE;
	arch_irq_state_t irq;
	size_t size;
	int error = check_request(request, &size);

	if (error)
		return error;
	if ((request->request & (VM_MAP_FIXED | VM_MAP_NOREPLACE)) == VM_MAP_FIXED) {
		error = space_clear_large(request->address, request->address + size);
		if (error)
			return error;
	}
	irq = spin_lock(&space_lock);
	area.flags = request->flags | space.future_flags;
	populate |= area.flags & VM_LOCKED && !space.future_on_fault;
	error = map_place(request, size, &area.start, &removed);
	if (!error) {
		area.end = area.start + size;
		error = map_area(&area, &removed);
	}
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	if (error)
		return error;
	if (populate && area.prot) /* as on Linux, what cannot be had now is left for later */
		(void)space_populate(area.start, area.end, area.prot & PROT_WRITE);
	return (long)area.start;
}

int vm_unmap(uintptr_t address, size_t size)
{
	struct removed removed = {NULL};
	arch_irq_state_t irq;
	uintptr_t end;
	int error;

	if (!size || !space_range(address, size, &end))
		return -EINVAL;
	error = space_clear_large(address, end);
	if (error)
		return error;
	irq = spin_lock(&space_lock);
	error = space_remove(address, end, &removed);
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	return error;
}

/* Counts AREA against the memory from now on, if it should be with PROT. 0 or -ENOMEM. */
static int protect_account(struct vm_area *area, unsigned prot) REQUIRES(space_lock)
{
	uint64_t pages;

	if (area->flags & VM_ACCOUNTED || !(prot & PROT_WRITE))
		return 0;
	pages = pages_in(area->start, area->end) - space_resident(area->start, area->end);
	if (counts(prot, area->flags, area->object)) {
		if (space_promise(pages))
			return -ENOMEM;
		area->flags |= VM_ACCOUNTED;
		return 0;
	}
	/* Nothing is promised, but what is not there at all is refused: malloc's arenas are grown
	 * in this way. */
	if (area->flags & VM_NORESERVE && !(area->flags & VM_STACK) && !area->object)
		return space_check_memory(pages);
	return 0;
}

/* Gives the part of AREA in START..END the rights PROT; the area that holds it, or NULL and *ERROR.
 */
static struct vm_area *protect_part(struct vm_area *area, uintptr_t start, uintptr_t end,
				    unsigned prot, int *error, struct removed *removed)
	REQUIRES(space_lock)
{
	*error = 0;
	if (area->prot == prot)
		return area;
	if (prot & PROT_WRITE && area->flags & VM_NOWRITE) {
		*error = -EACCES;
		return NULL;
	}
	*error = space_split(start);
	if (!*error)
		*error = space_split(end);
	area = area_find(&space.areas, start);
	if (!*error)
		*error = protect_account(area, prot);
	if (*error)
		return NULL;
	area->prot = prot;
	if (arch_mmu_protect(start, end, area_attributes(area)))
		arch_tlb_flush(start, end);
	else
		arch_tlb_flush_local(start, end);
	return space_merge(area, removed);
}

int vm_protect(uintptr_t address, size_t size, unsigned prot)
{
	uintptr_t end, at = address;
	struct removed removed = {NULL};
	struct vm_area *area;
	arch_irq_state_t irq;
	int error = 0;

	if (prot & ~(unsigned)PROT_RIGHTS || !IS_ALIGNED(address, PAGE_SIZE))
		return -EINVAL;
	if (!size)
		return 0;
	if (!space_range(address, size, &end))
		return -ENOMEM;
	irq = spin_lock(&space_lock);
	area = area_find(&space.areas, at);
	while (at < end && !error) {
		if (!area || area->start > at) {
			error = -ENOMEM; /* a hole; what lies before it is changed, as on Linux */
			break;
		}
		area = protect_part(area, at, MIN(area->end, end), prot, &error, &removed);
		if (area) {
			at = area->end;
			area = area_next(area);
		}
	}
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	return error;
}

void vm_set_brk_start(uintptr_t address)
{
	arch_irq_state_t irq = spin_lock(&space_lock);

	space.brk_start = space.brk_end = address;
	spin_unlock(&space_lock, irq);
}

/* Grows the heap from OLD to END (pages). 0 or -ENOMEM. */
static int brk_grow(uintptr_t old, uintptr_t end, struct removed *removed) REQUIRES(space_lock)
{
	const struct vm_area *next = area_find(&space.areas, old);
	struct vm_area area = {
		.start = old,
		.end = end,
		.prot = PROT_READ | PROT_WRITE,
		.flags = VM_BRK | space.future_flags,
	};

	if (end > space.map_top || (next && next->start < end))
		return -ENOMEM;
	return map_area(&area, removed);
}

uintptr_t vm_brk(uintptr_t end)
{
	struct removed removed = {NULL};
	arch_irq_state_t irq = spin_lock(&space_lock);
	uintptr_t old_page = ALIGN_UP(space.brk_end, PAGE_SIZE), result;
	uintptr_t page = ALIGN_UP(end, PAGE_SIZE);
	bool populate = false;
	int error = 0;

	if (end < space.brk_start || end > ARCH_USER_END)
		error = -ENOMEM;
	else if (page > old_page)
		error = brk_grow(old_page, page, &removed);
	else if (page < old_page)
		error = space_remove(page, old_page, &removed);
	if (!error) {
		space.brk_end = end;
		populate = page > old_page && space.future_flags && !space.future_on_fault;
	}
	result = space.brk_end;
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	if (populate)
		(void)space_populate(old_page, page, true);
	return result;
}

/* Maps START..END to physical memory at PADDR that is there already. */
static int map_memory(uintptr_t start, uintptr_t end, paddr_t paddr, unsigned prot, unsigned flags)
{
	struct vm_area area = {.start = start, .end = end, .prot = prot, .flags = flags};
	struct removed removed = {NULL};
	arch_irq_state_t irq = spin_lock(&space_lock);
	int error = -EEXIST;

	if (area_find(&space.areas, start) == NULL ||
	    area_find(&space.areas, start)->start >= end) {
		error = space_add(&area, &removed) ? 0 : -ENOMEM;
		if (!error) {
			count_mapped(&area);
			error = arch_mmu_map_range(start, paddr, end - start, PAGE_SHIFT,
						   prot | MMU_APP);
			space.resident_pages +=
				error ? space_resident(start, end) : pages_in(start, end);
		}
	}
	spin_unlock(&space_lock, irq);
	space_release(&removed);
	return error;
}

int vm_map_ram(uintptr_t address, paddr_t paddr, size_t size, unsigned prot)
{
	uintptr_t end;

	if (!space_range(address, size, &end) || !IS_ALIGNED(paddr, PAGE_SIZE))
		return -EINVAL;
	return map_memory(address, end, paddr, prot & PROT_RIGHTS, VM_FIXED_RAM);
}

int vm_map_image(uintptr_t address, paddr_t paddr, size_t file_size, size_t memory_size,
		 unsigned prot)
{
	uintptr_t start = ALIGN_DOWN(address, PAGE_SIZE), file_end, end;
	paddr_t frame = ALIGN_DOWN(paddr, PAGE_SIZE);
	size_t tail;
	long result;
	int error;

	if (address - start != paddr - frame || file_size > memory_size ||
	    add_overflows(address, memory_size, &end) || end > ARCH_USER_END - PAGE_SIZE)
		return -EINVAL;
	end = ALIGN_UP(end, PAGE_SIZE);
	file_end = file_size ? ALIGN_UP(address + file_size, PAGE_SIZE) : start;
	if (file_end > start) {
		error = map_memory(start, file_end, frame, prot & PROT_RIGHTS, VM_IMAGE);
		if (error)
			return error;
		tail = MIN(file_end, address + memory_size) - (address + file_size);
		memset((char *)mm_phys_to_virt(paddr) + file_size, 0, tail);
	}
	if (end == file_end)
		return 0;
	result = vm_map(&(struct vm_map_request){
		.address = file_end,
		.size = end - file_end,
		.prot = prot,
		.request = VM_MAP_FIXED | VM_MAP_NOREPLACE,
	});
	return result < 0 ? (int)result : 0;
}

bool vm_area_next(uintptr_t address, struct vm_area_info *info)
{
	arch_irq_state_t irq = spin_lock(&space_lock);
	const struct vm_area *area = area_find(&space.areas, address);

	if (area) {
		*info = (struct vm_area_info){
			.start = area->start,
			.end = area->end,
			.prot = area->prot,
			.flags = area->flags,
			.offset = area->offset,
			.object = area->object,
			.policy = area->policy,
		};
		if (area->object)
			vm_object_get(area->object);
	}
	spin_unlock(&space_lock, irq);
	return area;
}

void vm_stats(struct vm_stats *stats)
{
	arch_irq_state_t irq = spin_lock(&space_lock);

	*stats = (struct vm_stats){
		.areas = space.area_count,
		.mapped_pages = space.mapped_pages,
		.resident_pages = space.resident_pages,
		.locked_pages = space.locked_pages,
		.promised_pages = space.promised,
		.faults = space.faults,
		.major_faults = space.major_faults,
		.brk_start = space.brk_start,
		.brk_end = space.brk_end,
	};
	spin_unlock(&space_lock, irq);
}
