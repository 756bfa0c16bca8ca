/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel stacks. Their area is divided into slots of twice a stack's size; the lower half of a slot
 * is never mapped, so an overflow faults. Stacks that were freed lately stay mapped and are handed
 * out again first (a list with its links in the stacks); the rest give their frames back.
 * KSTACK_LOCK guards all of it, and the page tables of the area.
 */
#include <arch/mmu.h>
#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/bitmap.h>
#include <mm/frame.h>
#include <mm/kstack.h>

#define SLOT_SIZE   (2 * MM_KSTACK_SIZE)
#define SLOT_COUNT  (8 * PAGE_SIZE) /* one frame of bits */
#define KEPT_MAX    32u
#define STACK_PAGES (MM_KSTACK_SIZE / PAGE_SIZE)

_Static_assert(SLOT_COUNT *SLOT_SIZE <= ARCH_KSTACK_SIZE, "kernel stack area");

/* At the end of a free stack that stays mapped. */
struct kept {
	struct kept *next;
};

static struct spinlock kstack_lock = SPINLOCK_INIT;

static struct {
	struct kept *kept;
	unsigned kept_count;
	uint64_t *slots;    /* bit set: in use */
	size_t lowest_free; /* no free slot below */
} kstacks GUARDED_BY(kstack_lock);

static uintptr_t slot_base(size_t slot)
{
	return ARCH_KSTACK_BASE + slot * SLOT_SIZE + MM_KSTACK_SIZE;
}

static struct kept *kept_at(uintptr_t base)
{
	return (struct kept *)(base + MM_KSTACK_SIZE - sizeof(struct kept));
}

static void unmap_stack(uintptr_t base) REQUIRES(kstack_lock)
{
	uintptr_t end = base + MM_KSTACK_SIZE;
	struct mmu_unmap unmap = {.at = base, .end = end, .floor = base, .ceiling = end};
	bool more;

	do {
		more = arch_mmu_unmap(&unmap);
		arch_tlb_flush(base, end);
		for (unsigned i = 0; i < unmap.count; i++)
			mm_frame_free(unmap.pages[i].frame, 0);
	} while (more);
}

static bool map_stack(uintptr_t base) REQUIRES(kstack_lock)
{
	for (size_t i = 0; i < STACK_PAGES; i++) {
		paddr_t frame = mm_frame_alloc(0, 0);

		if (frame == PADDR_NONE)
			return false;
		if (arch_mmu_map(base + i * PAGE_SIZE, frame, PAGE_SHIFT,
				 MMU_READ | MMU_WRITE | MMU_DIRTY)) {
			mm_frame_free(frame, 0);
			return false;
		}
	}
	return true;
}

static bool slots_ready(void) REQUIRES(kstack_lock)
{
	paddr_t frame;

	if (!kstacks.slots) {
		frame = mm_frame_alloc(0, MM_ZERO);
		if (frame != PADDR_NONE)
			kstacks.slots = mm_phys_to_virt(frame);
	}
	return kstacks.slots;
}

static void *stack_create(void) REQUIRES(kstack_lock)
{
	size_t slot;

	if (!slots_ready())
		return NULL;
	slot = bitmap_find_clear(kstacks.slots, SLOT_COUNT, kstacks.lowest_free);
	if (slot == SLOT_COUNT)
		return NULL;
	if (!map_stack(slot_base(slot))) {
		unmap_stack(slot_base(slot));
		return NULL;
	}
	bitmap_set(kstacks.slots, slot);
	kstacks.lowest_free = slot + 1;
	return (void *)(slot_base(slot) + MM_KSTACK_SIZE);
}

void *mm_kstack_alloc(void)
{
	arch_irq_state_t irq = spin_lock(&kstack_lock);
	struct kept *kept = kstacks.kept;
	void *top;

	if (kept) {
		kstacks.kept = kept->next;
		kstacks.kept_count--;
		top = kept + 1;
	} else {
		top = stack_create();
	}
	spin_unlock(&kstack_lock, irq);
	return top;
}

void mm_kstack_free(void *top)
{
	uintptr_t base = (uintptr_t)top - MM_KSTACK_SIZE;
	size_t slot = (base - ARCH_KSTACK_BASE) / SLOT_SIZE;
	arch_irq_state_t irq = spin_lock(&kstack_lock);

	ASSERT(slot < SLOT_COUNT && base == slot_base(slot) && bitmap_test(kstacks.slots, slot));
	if (kstacks.kept_count < KEPT_MAX) {
		kept_at(base)->next = kstacks.kept;
		kstacks.kept = kept_at(base);
		kstacks.kept_count++;
	} else {
		unmap_stack(base);
		bitmap_clear(kstacks.slots, slot);
		kstacks.lowest_free = MIN(kstacks.lowest_free, slot);
	}
	spin_unlock(&kstack_lock, irq);
}

bool mm_kstack_guard_hit(uintptr_t address)
{
	uintptr_t offset = address - ARCH_KSTACK_BASE;

	return offset < SLOT_COUNT * SLOT_SIZE && offset % SLOT_SIZE < MM_KSTACK_SIZE;
}
