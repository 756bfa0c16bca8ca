/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Page tables: walks and changes. Tables are reached through the physmap.
 *
 * An entry is 0 (nothing there), a table, or a leaf. A leaf without rights is not present and
 * marked PTE_HELD, so that its frame is not lost. Entries are single 64-bit stores; the hardware
 * may set the accessed and dirty bits at any time, so a leaf that may be in use is changed by an
 * atomic exchange. Locking: see arch/mmu.h.
 */
#include "mmu.h"

#include <lib/assert.h>
#include <linux/errno.h>

static uint64_t *root;
static paddr_t root_paddr;

void mmu_set_root(paddr_t paddr)
{
	root_paddr = paddr;
	root = arch_phys_to_virt(paddr);
}

paddr_t arch_mmu_root(void)
{
	return root_paddr;
}

static always_inline uint64_t *table_of(uint64_t entry)
{
	return arch_phys_to_virt(entry & PTE_ADDRESS);
}

static always_inline unsigned index_of(uintptr_t address, unsigned shift)
{
	return address >> shift & (MMU_ENTRIES - 1);
}

static always_inline bool is_leaf(uint64_t entry, unsigned shift)
{
	return entry && (shift == PAGE_SHIFT || entry & (PTE_LARGE | PTE_HELD));
}

/* The first address behind ADDRESS that another entry of this level maps. */
static always_inline uintptr_t next_entry(uintptr_t address, unsigned shift)
{
	return (address | ((1ul << shift) - 1)) + 1;
}

/* The bits of a leaf. The one place that says how application memory is mapped. */
static uint64_t leaf_bits(unsigned attributes, unsigned shift)
{
	uint64_t bits = shift > PAGE_SHIFT ? PTE_LARGE : 0;

	if (!(attributes & (MMU_READ | MMU_WRITE | MMU_EXEC)))
		return bits | PTE_HELD;
	bits |= PTE_PRESENT | PTE_ACCESSED;
	if (attributes & MMU_WRITE)
		bits |= PTE_WRITE;
	if (!(attributes & MMU_EXEC))
		bits |= PTE_NX;
	if (attributes & MMU_DEVICE)
		bits |= PTE_PCD | PTE_PWT;
	if (!(attributes & MMU_APP))
		bits |= PTE_GLOBAL;
	if (attributes & MMU_DIRTY)
		bits |= PTE_DIRTY;
	return bits;
}

static void describe(struct mmu_page *page, uint64_t entry, uintptr_t address, unsigned shift)
{
	page->address = ALIGN_DOWN(address, 1ul << shift);
	page->frame = entry & PTE_ADDRESS;
	page->shift = (uint8_t)shift;
	page->table = false;
	page->accessed = entry & PTE_ACCESSED;
	page->dirty = entry & PTE_DIRTY;
	page->attributes = 0;
	if (entry & PTE_PRESENT)
		page->attributes = (uint8_t)(MMU_READ | (entry & PTE_WRITE ? MMU_WRITE : 0) |
					     (entry & PTE_NX ? 0 : MMU_EXEC));
}

/* The entry of ADDRESS: a leaf, or the first empty entry on the way down. *SHIFT: what it maps. */
static uint64_t *lookup(uintptr_t address, unsigned *shift)
{
	uint64_t *table = root;

	for (unsigned s = MMU_TOP;; s -= MMU_BITS) {
		uint64_t *entry = &table[index_of(address, s)];

		if (!*entry || is_leaf(*entry, s)) {
			*shift = s;
			return entry;
		}
		table = table_of(*entry);
	}
}

/* The table whose entries map 1 << SHIFT at ADDRESS; missing ones are made. NULL: out of memory. */
static uint64_t *descend(uintptr_t address, unsigned shift)
{
	uint64_t *table = root;

	for (unsigned s = MMU_TOP; s > shift; s -= MMU_BITS) {
		uint64_t *entry = &table[index_of(address, s)];

		if (!*entry) {
			paddr_t fresh = mmu_table_alloc();

			if (fresh == PADDR_NONE)
				return NULL;
			WRITE_ONCE(*entry, fresh | PTE_TABLE);
		}
		ASSERT(!is_leaf(*entry, s));
		table = table_of(*entry);
	}
	return table;
}

int arch_mmu_map(uintptr_t address, paddr_t frame, unsigned shift, unsigned attributes)
{
	uint64_t *table = descend(address, shift), *entry;

	if (!table)
		return -ENOMEM;
	entry = &table[index_of(address, shift)];
	if (*entry) {
		ASSERT(!is_leaf(*entry, shift));
		return -EEXIST;
	}
	WRITE_ONCE(*entry, frame | leaf_bits(attributes, shift));
	return 0;
}

static unsigned largest_shift(uintptr_t address, paddr_t frame, size_t size, unsigned max_shift)
{
	unsigned shift = max_shift;

	while (shift > PAGE_SHIFT &&
	       (!IS_ALIGNED(address | frame, 1ul << shift) || size < 1ul << shift))
		shift -= MMU_BITS;
	return shift;
}

int arch_mmu_map_range(uintptr_t address, paddr_t frame, size_t size, unsigned max_shift,
		       unsigned attributes)
{
	while (size) {
		unsigned shift = largest_shift(address, frame, size, max_shift);
		uint64_t *table = descend(address, shift);
		uint64_t bits = leaf_bits(attributes, shift), step = 1ul << shift;

		if (!table)
			return -ENOMEM;
		/* All of the same size that the table has room for. */
		for (unsigned i = index_of(address, shift); i < MMU_ENTRIES && size >= step; i++) {
			ASSERT(!table[i]);
			WRITE_ONCE(table[i], frame | bits);
			address += step;
			frame += step;
			size -= step;
			if (shift < max_shift && IS_ALIGNED(address | frame, step << MMU_BITS))
				break;
		}
	}
	return 0;
}

bool arch_mmu_query(uintptr_t address, struct mmu_page *page)
{
	unsigned shift;
	uint64_t entry = *lookup(address, &shift);

	if (!entry) {
		page->shift = (uint8_t)shift;
		return false;
	}
	describe(page, entry, address, shift);
	return true;
}

/*
 * Moves *AT, which TABLE (entries of 1 << SHIFT) covers, over empty entries to the next one that is
 * used, and returns that; NULL: there is none before END, and *AT is behind the table's part of the
 * range. Areas may be much larger than what is mapped, so this loop is short.
 */
static uint64_t *next_used(uint64_t *table, unsigned shift, uintptr_t *at, uintptr_t end)
{
	uintptr_t base = ALIGN_DOWN(*at, 1ul << (shift + MMU_BITS));
	size_t first = index_of(*at, shift), i = first;
	size_t limit = MIN((size_t)MMU_ENTRIES, ((end - base - 1) >> shift) + 1);

	while (i < limit && !table[i])
		i++;
	if (i > first)
		*at = base + (i << shift);
	return i < limit ? &table[i] : NULL;
}

/* Does TABLE cover more of the range at AT? */
static always_inline bool in_table(uintptr_t at, uintptr_t base, unsigned shift, uintptr_t end)
{
	return at < end && at - base < 1ul << (shift + MMU_BITS);
}

/* Calls FN for the leaves in [*AT, END) below TABLE, whose entries map 1 << SHIFT, and moves *AT on
 * over what is done. False when FN said so; *AT is then the leaf that FN refused. */
typedef bool (*leaf_fn)(void *context, uint64_t *entry, uintptr_t address, unsigned shift);

static bool walk(uint64_t *table, unsigned shift, uintptr_t *at, uintptr_t end, leaf_fn fn,
		 void *context)
{
	uintptr_t base = ALIGN_DOWN(*at, 1ul << (shift + MMU_BITS));

	while (in_table(*at, base, shift, end)) {
		uint64_t *entry = next_used(table, shift, at, end);

		if (!entry)
			break;
		if (is_leaf(*entry, shift)) {
			if (!fn(context, entry, *at, shift))
				return false;
			*at = next_entry(*at, shift);
		} else if (!walk(table_of(*entry), shift - MMU_BITS, at, end, fn, context)) {
			return false;
		}
	}
	return true;
}

struct scan {
	struct mmu_page *pages;
	unsigned count, capacity;
	uint64_t clear;
};

static bool scan_leaf(void *context, uint64_t *entry, uintptr_t address, unsigned shift)
{
	struct scan *scan = context;
	uint64_t value = *entry;

	if (scan->count == scan->capacity)
		return false;
	if (value & scan->clear)
		value = __atomic_fetch_and(entry, ~scan->clear, __ATOMIC_RELAXED);
	describe(&scan->pages[scan->count++], value, address, shift);
	return true;
}

unsigned arch_mmu_scan(uintptr_t *start, uintptr_t end, unsigned clear, struct mmu_page *pages,
		       unsigned capacity)
{
	struct scan scan = {pages, 0, capacity, 0};

	if (clear & MMU_SCAN_ACCESSED)
		scan.clear |= PTE_ACCESSED;
	if (clear & MMU_SCAN_DIRTY)
		scan.clear |= PTE_DIRTY;
	if (walk(root, MMU_TOP, start, end, scan_leaf, &scan))
		*start = end;
	return scan.count;
}

struct protect {
	uint64_t bits;
	bool lost;
};

static bool protect_leaf(void *context, uint64_t *entry, uintptr_t address, unsigned shift)
{
	struct protect *protect = context;
	uint64_t bits = protect->bits, old = *entry;

	(void)address;
	if (shift > PAGE_SHIFT)
		bits |= PTE_LARGE;
	while (!__atomic_compare_exchange_n(entry, &old,
					    (old & (PTE_ADDRESS | PTE_DIRTY | PTE_GLOBAL)) | bits,
					    true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	if (old & PTE_PRESENT)
		protect->lost |= old & ~bits & (PTE_PRESENT | PTE_WRITE) || bits & ~old & PTE_NX;
	return true;
}

bool arch_mmu_protect(uintptr_t start, uintptr_t end, unsigned attributes)
{
	struct protect protect = {leaf_bits(attributes | MMU_APP, PAGE_SHIFT), false};

	walk(root, MMU_TOP, &start, end, protect_leaf, &protect);
	return protect.lost;
}

/* Room that unmap_table needs before it looks at an entry: a leaf and the tables above it. */
#define UNMAP_ROOM MMU_LEVELS

static void unmap_record_table(struct mmu_unmap *unmap, uint64_t *entry)
{
	unmap->pages[unmap->count++] = (struct mmu_page){
		.frame = *entry & PTE_ADDRESS,
		.shift = PAGE_SHIFT,
		.table = true,
	};
	WRITE_ONCE(*entry, 0);
}

/* Like walk; false when the batch is full. */
static bool unmap_table(struct mmu_unmap *unmap, uint64_t *table, unsigned shift)
{
	uintptr_t base = ALIGN_DOWN(unmap->at, 1ul << (shift + MMU_BITS));

	while (in_table(unmap->at, base, shift, unmap->end)) {
		uint64_t *entry = next_used(table, shift, &unmap->at, unmap->end);
		uintptr_t start = ALIGN_DOWN(unmap->at, 1ul << shift);

		if (!entry)
			break;
		if (unmap->count + UNMAP_ROOM > MMU_UNMAP_BATCH)
			return false;
		if (is_leaf(*entry, shift)) {
			uint64_t old = __atomic_exchange_n(entry, 0, __ATOMIC_RELAXED);

			ASSERT(unmap->at == start && unmap->end - start >= 1ul << shift);
			describe(&unmap->pages[unmap->count++], old, start, shift);
			unmap->at = next_entry(unmap->at, shift);
			continue;
		}
		if (!unmap_table(unmap, table_of(*entry), shift - MMU_BITS))
			return false;
		if (start >= unmap->floor && start + (1ul << shift) <= unmap->ceiling)
			unmap_record_table(unmap, entry);
	}
	return true;
}

bool arch_mmu_unmap(struct mmu_unmap *unmap)
{
	unmap->count = 0;
	return !unmap_table(unmap, root, MMU_TOP);
}

int arch_mmu_split(uintptr_t address)
{
	unsigned shift;
	uint64_t *entry = lookup(address, &shift);

	while (*entry && shift > PAGE_SHIFT && !IS_ALIGNED(address, 1ul << shift)) {
		paddr_t fresh = mmu_table_alloc();
		uint64_t old = *entry, *table;

		if (fresh == PADDR_NONE)
			return -ENOMEM;
		table = arch_phys_to_virt(fresh);
		shift -= MMU_BITS;
		if (shift == PAGE_SHIFT)
			old &= ~PTE_LARGE;
		for (unsigned i = 0; i < MMU_ENTRIES; i++)
			table[i] = old + ((uint64_t)i << shift);
		WRITE_ONCE(*entry, fresh | PTE_TABLE);
		/* Whatever page of the old entry: it is one translation. */
		arch_tlb_flush(ALIGN_DOWN(address, PAGE_SIZE),
			       ALIGN_DOWN(address, PAGE_SIZE) + PAGE_SIZE);
		entry = &table[index_of(address, shift)];
	}
	return 0;
}

/* Can the entry of a table at FROM (mapping 1 << SHIFT) move as a whole, SIZE bytes left? */
static bool moves_whole(uintptr_t from, uintptr_t to, size_t size, unsigned shift)
{
	return IS_ALIGNED(from | to, 1ul << shift) && size >= 1ul << shift;
}

/* The entry at the table level (2 MiB) of ADDRESS, or an empty one above; *SHIFT says which. */
static uint64_t *span_entry(uintptr_t address, unsigned *shift)
{
	uint64_t *table = root;

	for (unsigned s = MMU_TOP;; s -= MMU_BITS) {
		uint64_t *entry = &table[index_of(address, s)];

		if (!*entry || s == HUGE_PAGE_SHIFT) {
			*shift = s;
			return entry;
		}
		table = table_of(*entry);
	}
}

/* Makes the tables at TO that the move of one piece (inside a 2 MiB span on both sides) needs. */
static int move_prepare(uintptr_t from, uintptr_t to, size_t size)
{
	unsigned shift, to_shift;
	uint64_t entry = *span_entry(from, &shift);

	if (!entry)
		return 0;
	if (moves_whole(from, to, size, HUGE_PAGE_SHIFT)) {
		if (!descend(to, HUGE_PAGE_SHIFT))
			return -ENOMEM;
		if (!*span_entry(to, &to_shift))
			return 0;
	}
	if (is_leaf(entry, shift)) {
		int error = arch_mmu_split(ALIGN_DOWN(from, HUGE_PAGE_SIZE) + PAGE_SIZE);

		if (error)
			return error;
	}
	return descend(to, PAGE_SHIFT) ? 0 : -ENOMEM;
}

/* Moves one piece; cannot fail. */
static void move_piece(uintptr_t from, uintptr_t to, size_t size)
{
	unsigned shift, to_shift;
	uint64_t *entry = span_entry(from, &shift), *source, *target;

	if (!*entry)
		return;
	if (moves_whole(from, to, size, HUGE_PAGE_SHIFT)) {
		target = span_entry(to, &to_shift);
		if (!*target) {
			ASSERT(to_shift == HUGE_PAGE_SHIFT);
			WRITE_ONCE(*target, __atomic_exchange_n(entry, 0, __ATOMIC_RELAXED));
			return;
		}
	}
	source = table_of(*entry);
	target = table_of(*span_entry(to, &to_shift));
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		uint64_t *old = &source[index_of(from + done, PAGE_SHIFT)];

		if (*old)
			WRITE_ONCE(target[index_of(to + done, PAGE_SHIFT)],
				   __atomic_exchange_n(old, 0, __ATOMIC_RELAXED));
	}
}

/* Bytes from FROM and TO on up to the next 2 MiB boundary of either. */
static size_t piece_size(uintptr_t from, uintptr_t to, size_t left)
{
	size_t size = MIN(HUGE_PAGE_SIZE - (from & (HUGE_PAGE_SIZE - 1)),
			  HUGE_PAGE_SIZE - (to & (HUGE_PAGE_SIZE - 1)));

	return MIN(size, left);
}

int arch_mmu_move(uintptr_t from, uintptr_t to, size_t size)
{
	size_t done, piece;

	for (done = 0; done < size; done += piece) {
		int error;

		piece = piece_size(from + done, to + done, size - done);
		error = move_prepare(from + done, to + done, piece);
		if (error)
			return error;
	}
	for (done = 0; done < size; done += piece) {
		piece = piece_size(from + done, to + done, size - done);
		move_piece(from + done, to + done, piece);
	}
	return 0;
}
