/* SPDX-License-Identifier: BSD-3-Clause */
/* The address space: what the files vm*.c share. Private to this folder. */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "area.h"

#include <arch/mmu.h>
#include <arch/trap.h>
#include <core/spinlock.h>
#include <mm/vm.h>

/* Guards SPACE, all areas, the lists of areas of objects and the page tables of the lower half.
 * Inside nest the locks of heap, tables and frames. Not held over calls that may block. */
extern struct spinlock space_lock;

struct vm_space {
	struct area_tree areas;
	struct vm_area *recent; /* where the last fault was, or NULL */
	uintptr_t map_top;
	uintptr_t brk_start, brk_end; /* the end as the application gave it, not rounded */
	unsigned future_flags;	      /* for all new areas: VM_LOCKED after mlockall(MCL_FUTURE) */
	bool future_on_fault;	      /* ... without populating them */
	uint64_t area_count, mapped_pages, resident_pages, locked_pages;
	uint64_t promised; /* pages of VM_ACCOUNTED areas that have no frame yet */
	uint64_t frames_total;
	uint64_t faults, major_faults;
};
extern struct vm_space space GUARDED_BY(space_lock);

/* Areas that have left the tree, to be released without the lock (space_release). */
struct removed {
	struct vm_area *first;
};

static inline uint64_t pages_in(uintptr_t start, uintptr_t end)
{
	return (end - start) >> PAGE_SHIFT;
}

/* Page rights of an area. */
static inline unsigned area_attributes(const struct vm_area *area)
{
	return area->prot | MMU_APP;
}

/* The page of the object that ADDRESS shows. */
static inline uint64_t area_index(const struct vm_area *area, uintptr_t address)
{
	return (area->offset + (address - area->start)) >> PAGE_SHIFT;
}

/* Are the pages the area's own frames (not an object's or the kernel's)? */
static inline bool area_owns_frames(const struct vm_area *area)
{
	return !(area->flags & VM_FIXED_RAM) && !(area->object && area->flags & VM_SHARED);
}

/* Should an area with these rights and flags count against the memory? */
static inline bool counts(unsigned prot, unsigned flags, const struct vm_object *object)
{
	const unsigned exempt = VM_STACK | VM_NORESERVE | VM_FIXED_RAM;

	return prot & MMU_WRITE && !(flags & exempt) && !(object && flags & VM_SHARED);
}

/* START, START + SIZE are a page-aligned range of the application's half? *END rounded up. */
bool space_range(uintptr_t start, size_t size, uintptr_t *end);

/* Is there memory for PAGES more? space_promise also takes them. 0 or -ENOMEM. */
must_check int space_check_memory(uint64_t pages) REQUIRES(space_lock);
must_check int space_promise(uint64_t pages) REQUIRES(space_lock);

/* Adds a copy of AREA, or makes a neighbour larger; takes a reference to the object for a new area.
 * The space is free. What became needless goes to REMOVED. The area that holds it, or NULL: out of
 * memory. */
struct vm_area *space_add(const struct vm_area *area, struct removed *removed) REQUIRES(space_lock);

/* Joins AREA with its neighbours where possible; the area that holds it then. */
struct vm_area *space_merge(struct vm_area *area, struct removed *removed) REQUIRES(space_lock);

/* Makes ADDRESS the border between two areas and two pages, if it lies inside of one. 0 or -ENOMEM.
 */
must_check int space_split(uintptr_t address) REQUIRES(space_lock);

/* Takes all pages of AREA in START..END out and frees those that are its own. The pages' number.
 * Nothing else is mapped in FLOOR..CEILING. */
uint64_t space_zap(struct vm_area *area, uintptr_t start, uintptr_t end, uintptr_t floor,
		   uintptr_t ceiling) REQUIRES(space_lock);

/* The same for a part of the area that stays mapped: its pages are promised again. */
void space_discard(struct vm_area *area, uintptr_t start, uintptr_t end) REQUIRES(space_lock);

/* How much is unmapped with the lock held: a fraction of a millisecond. */
#define SPACE_CHUNK (16ul << 20)

/*
 * Frees the pages of a large range piece by piece, so that the lock is not held for long; the areas
 * stay. For use before space_remove, or as madvise(MADV_DONTNEED). Makes START and END borders of
 * areas first: 0, or -ENOMEM and no page is freed. Small ranges: nothing is done.
 */
must_check int space_clear_large(uintptr_t start, uintptr_t end) EXCLUDES(space_lock);

/* Takes START..END out of the address space. 0, or -ENOMEM and nothing is changed. */
must_check int space_remove(uintptr_t start, uintptr_t end, struct removed *removed)
	REQUIRES(space_lock);

/* Frees areas and drops their references. May block. */
void space_release(struct removed *removed) EXCLUDES(space_lock);

/* Free space of SIZE bytes, at HINT if possible; *OUT. CONGRUENT: the same place in a 2 MiB page as
 * this address (large sizes only; 0: where SIZE is a multiple of 2 MiB). 0 or -ENOMEM. */
must_check int space_find_free(uintptr_t hint, size_t size, uintptr_t limit, uintptr_t congruent,
			       uintptr_t *out) REQUIRES(space_lock);

/* Pages of START..END that are in memory. */
uint64_t space_resident(uintptr_t start, uintptr_t end) REQUIRES(space_lock);

/* Touches all pages of START..END; the first error. May block. */
int space_populate(uintptr_t start, uintptr_t end, bool write) EXCLUDES(space_lock);

/* Puts FRAME (of 1 << SHIFT bytes) at ADDRESS of AREA and does the bookkeeping. 0 or -ENOMEM. */
must_check int space_install(const struct vm_area *area, uintptr_t address, paddr_t frame,
			     unsigned shift, bool dirty) REQUIRES(space_lock);

#endif /* MM_SPACE_H */
