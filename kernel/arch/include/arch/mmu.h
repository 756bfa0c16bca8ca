/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables of the one address space that kernel and application share.
 *
 * Two parts: the lower half (application memory) and the upper half (kernel). Calls for one part
 * must be serialised by the caller (kernel/mm has a lock for each); the parts share no table below
 * the root. All addresses and sizes are multiples of the page size in question. A page has 4 KiB
 * (shift 12), 2 MiB (21) or 1 GiB (30). All pages are supervisor pages: the application runs in the
 * kernel's ring.
 *
 * No call here blocks. After entries were removed or lost rights, the caller flushes the range
 * (arch_tlb_flush) before it reuses or frees the frames and tables.
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <lib/compiler.h>
#include <lib/types.h>

/* Layout of the kernel's half. */
#ifndef ARCH_PHYSMAP_BASE		       /* unit tests put the physmap elsewhere */
#define ARCH_PHYSMAP_BASE 0xffff800000000000ul /* all RAM, at this plus its physical address */
#endif
#define ARCH_MMIO_BASE	 0xffffa00000000000ul /* device registers, likewise */
#define ARCH_PADDR_LIMIT (1ull << 45)	      /* size of either window */
#define ARCH_KSTACK_BASE 0xffffc00000000000ul /* kernel stacks */
#define ARCH_KSTACK_SIZE (1ul << 39)
#define ARCH_KERNEL_BASE                                                                           \
	0xffffffff80000000ul /* kernel image, at this plus its physical address                    \
			      */

#define ARCH_BOOT_MAPPED (1ul << 30) /* physical memory that the boot tables map */
#define ARCH_TABLE_SPAN	 (1ul << 21) /* what one table of the lowest level maps */

/* Attributes of a page. None of READ, WRITE, EXEC: the page keeps its frame, but every access
 * faults. READ goes with every other right. */
#define MMU_READ   1u
#define MMU_WRITE  2u
#define MMU_EXEC   4u
#define MMU_APP	   8u  /* application memory */
#define MMU_DEVICE 16u /* not cached */
#define MMU_DIRTY  32u /* counts as written from the start */

/* A mapped page, or an empty table that was taken out. */
struct mmu_page {
	uintptr_t address;
	paddr_t frame;
	uint8_t shift;
	bool table;    /* FRAME was a table; ADDRESS and the rest say nothing */
	bool accessed; /* since it was mapped or arch_mmu_scan cleared it */
	bool dirty;
	uint8_t attributes; /* MMU_READ, MMU_WRITE, MMU_EXEC */
};

static inline void *arch_phys_to_virt(paddr_t paddr)
{
	return (void *)(ARCH_PHYSMAP_BASE + paddr);
}

/*
 * Upward calls, defined by kernel/mm: frames for tables. A table is all zero when it is handed out
 * and when it is given back. PADDR_NONE: out of memory.
 */
paddr_t mmu_table_alloc(void);
void mmu_table_free(paddr_t table);

/*
 * Takes over from the boot tables: removes the identity map, gives the kernel image its exact
 * rights (text R-X, constants R--, data RW-, in the physmap text and constants are not writable
 * either), maps the first ARCH_BOOT_MAPPED bytes of the physmap without execution rights.
 * mmu_table_alloc must work, with frames below ARCH_BOOT_MAPPED. 0 or -ENOMEM.
 */
must_check int arch_mmu_init(void);

/* Physical range of the kernel in the image: what arch_mmu_init protects. */
paddr_t arch_kernel_start(void);
paddr_t arch_kernel_end(void);
/* Physical range of kernel and application together. */
paddr_t arch_image_start(void);
paddr_t arch_image_end(void);

/* Adds RAM START..END to the physmap, rounded outwards to 2 MiB; parts that are mapped stay. */
must_check int arch_mmu_add_ram(paddr_t start, paddr_t end);

/* For the start of another CPU: what it loads as root table. */
paddr_t arch_mmu_root(void);

/* Maps the page of size 1 << SHIFT at ADDRESS, where nothing is mapped, to FRAME. 0, -ENOMEM (no
 * table), or -EEXIST when SHIFT is not 12 and there is a table of smaller pages, perhaps empty. */
must_check int arch_mmu_map(uintptr_t address, paddr_t frame, unsigned shift, unsigned attributes);

/* Maps SIZE bytes, where nothing is mapped, to contiguous memory from FRAME on, in pages of at most
 * 1 << MAX_SHIFT, as large as the alignment allows. On -ENOMEM a part may be mapped. */
must_check int arch_mmu_map_range(uintptr_t address, paddr_t frame, size_t size, unsigned max_shift,
				  unsigned attributes);

/* Fills in *PAGE for the page that ADDRESS lies in; false where nothing is mapped. page->shift then
 * says how large a hole around ADDRESS has no page and no table. */
bool arch_mmu_query(uintptr_t address, struct mmu_page *page);

/* Lists up to CAPACITY mapped pages of [*START, END) in PAGES, moves *START behind the last one
 * (END when there are no more) and returns their number. CLEAR: bits to reset in each. Clearing
 * needs no flush for correctness of the rights, but until one the processor may fail to set the bit
 * anew. */
#define MMU_SCAN_ACCESSED 1u
#define MMU_SCAN_DIRTY	  2u
unsigned arch_mmu_scan(uintptr_t *start, uintptr_t end, unsigned clear, struct mmu_page *pages,
		       unsigned capacity);

/*
 * Takes pages out of [at, end). Nothing but that range may be mapped between FLOOR and CEILING:
 * tables that only serve addresses in there are taken out as well. Each call fills PAGES and COUNT,
 * moves AT on, and returns true while there is more. Pages must not reach over the range's ends
 * (arch_mmu_split).
 */
#define MMU_UNMAP_BATCH 24u
struct mmu_unmap {
	uintptr_t at, end, floor, ceiling;
	unsigned count;
	struct mmu_page pages[MMU_UNMAP_BATCH];
};
bool arch_mmu_unmap(struct mmu_unmap *unmap);

/* Gives all mapped pages in START..END the rights ATTRIBUTES. True when one has lost a right, and
 * all CPUs have to flush; else an access by a CPU that remembers the old rights faults once. */
bool arch_mmu_protect(uintptr_t start, uintptr_t end, unsigned attributes);

/* Splits a large page so that none reaches over ADDRESS. 0 or -ENOMEM (unchanged). */
must_check int arch_mmu_split(uintptr_t address);

/*
 * Moves the pages of FROM..FROM+SIZE to TO, where nothing is mapped; the two do not overlap. Whole
 * tables move in one step where the alignment allows. 0, or -ENOMEM: nothing has moved, but empty
 * tables may be left at TO. The caller flushes FROM.
 */
must_check int arch_mmu_move(uintptr_t from, uintptr_t to, size_t size);

/*
 * Makes sure that no CPU uses an old translation of START..END, nor an old table. Upper half and
 * lower half. On several CPUs it waits for the others; those that spin for a lock of the caller's
 * with interrupts off call arch_tlb_serve meanwhile.
 */
void arch_tlb_flush(uintptr_t start, uintptr_t end);

/* Does the executing CPU's part of another CPU's flush, if there is one. The handler of
 * ARCH_VECTOR_TLB, and whoever spins with interrupts off. */
void arch_tlb_serve(void);

/*
 * The executing CPU touches no memory of the application until arch_tlb_resume; flushes of that
 * half leave it alone until then. For waits: arch_cpu_idle does both, and interrupt handlers are
 * entered after arch_tlb_resume. Interrupts off.
 */
void arch_tlb_rest(void);
void arch_tlb_resume(void);

/* The executing CPU's part of arch_tlb_flush. */
void arch_tlb_flush_local(uintptr_t start, uintptr_t end);

#endif /* ARCH_MMU_H */
