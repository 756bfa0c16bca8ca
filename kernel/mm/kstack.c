/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel stacks. Their area is divided into slots of twice a stack's size; the lower half of a slot
 * is never mapped, so an overflow faults. Stacks that were freed lately stay mapped and are handed
 * out again first (a list with its links in the stacks); the rest give their frames back, many at
 * once, since every CPU has to flush before that. KSTACK_LOCK guards all of it, and the page tables
 * of the area; it is not held during the flush.
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
#define BATCH	    32u /* stacks that are given back at once */
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

static size_t slot_of(uintptr_t base)
{
	return (base - ARCH_KSTACK_BASE) / SLOT_SIZE;
}

static struct kept *kept_at(uintptr_t base)
{
	return (struct kept *)(base + MM_KSTACK_SIZE - sizeof(struct kept));
}

/* Stacks that are mapped no more, but whose slots are not free yet. */
struct batch {
	unsigned stacks, frames;
	uintptr_t bases[BATCH];
	paddr_t frame[BATCH * STACK_PAGES];
};

static void unmap_stack(struct batch *batch, uintptr_t base) REQUIRES(kstack_lock)
{
	uintptr_t end = base + MM_KSTACK_SIZE;
	struct mmu_unmap unmap = {.at = base, .end = end, .floor = base, .ceiling = end};
	bool more = arch_mmu_unmap(&unmap);

	ASSERT(!more && unmap.count <= STACK_PAGES);
	batch->bases[batch->stacks++] = base;
	for (unsigned i = 0; i < unmap.count; i++)
		batch->frame[batch->frames++] = unmap.pages[i].frame;
}

/* Without the lock. */
static void batch_flush(const struct batch *batch)
{
	uintptr_t low = batch->bases[0], high = batch->bases[0];

	for (unsigned i = 1; i < batch->stacks; i++) {
		low = MIN(low, batch->bases[i]);
		high = MAX(high, batch->bases[i]);
	}
	arch_tlb_flush(low, high + MM_KSTACK_SIZE);
	for (unsigned i = 0; i < batch->frames; i++)
		mm_frame_free(batch->frame[i], 0);
}

static void free_slots(const struct batch *batch) REQUIRES(kstack_lock)
{
	for (unsigned i = 0; i < batch->stacks; i++) {
		size_t slot = slot_of(batch->bases[i]);

		bitmap_clear(kstacks.slots, slot);
		kstacks.lowest_free = MIN(kstacks.lowest_free, slot);
	}
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

/* A new stack, or NULL; pages of a failed attempt are left in BATCH. */
static void *stack_create(struct batch *batch) REQUIRES(kstack_lock)
{
	size_t slot;

	if (!slots_ready())
		return NULL;
	slot = bitmap_find_clear(kstacks.slots, SLOT_COUNT, kstacks.lowest_free);
	if (slot == SLOT_COUNT)
		return NULL;
	bitmap_set(kstacks.slots, slot);
	kstacks.lowest_free = slot + 1;
	if (!map_stack(slot_base(slot))) {
		unmap_stack(batch, slot_base(slot));
		return NULL;
	}
	return (void *)(slot_base(slot) + MM_KSTACK_SIZE);
}

/* Gives back what BATCH holds, if anything. */
static void batch_end(struct batch *batch)
{
	arch_irq_state_t irq;

	if (!batch->stacks)
		return;
	batch_flush(batch);
	irq = spin_lock(&kstack_lock);
	free_slots(batch);
	spin_unlock(&kstack_lock, irq);
}

void *mm_kstack_alloc(void)
{
	struct batch batch;
	arch_irq_state_t irq = spin_lock(&kstack_lock);
	struct kept *kept = kstacks.kept;
	void *top;

	batch.stacks = batch.frames = 0;
	if (kept) {
		kstacks.kept = kept->next;
		kstacks.kept_count--;
		top = kept + 1;
	} else {
		top = stack_create(&batch);
	}
	spin_unlock(&kstack_lock, irq);
	batch_end(&batch);
	return top;
}

void mm_kstack_free(void *top)
{
	uintptr_t base = (uintptr_t)top - MM_KSTACK_SIZE;
	struct batch batch;
	arch_irq_state_t irq = spin_lock(&kstack_lock);

	ASSERT(slot_of(base) < SLOT_COUNT && base == slot_base(slot_of(base)) &&
	       bitmap_test(kstacks.slots, slot_of(base)));
	batch.stacks = batch.frames = 0;
	kept_at(base)->next = kstacks.kept;
	kstacks.kept = kept_at(base);
	if (++kstacks.kept_count == KEPT_MAX + BATCH) {
		while (kstacks.kept_count > KEPT_MAX) {
			struct kept *kept = kstacks.kept;

			kstacks.kept = kept->next;
			kstacks.kept_count--;
			unmap_stack(&batch, (uintptr_t)(kept + 1) - MM_KSTACK_SIZE);
		}
	}
	spin_unlock(&kstack_lock, irq);
	batch_end(&batch);
}

bool mm_kstack_guard_hit(uintptr_t address)
{
	uintptr_t offset = address - ARCH_KSTACK_BASE;

	return offset < SLOT_COUNT * SLOT_SIZE && offset % SLOT_SIZE < MM_KSTACK_SIZE;
}
