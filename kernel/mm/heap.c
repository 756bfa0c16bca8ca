/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's heap (Bonwick, "The Slab Allocator", USENIX 1994, without its caches of objects).
 *
 * Sizes up to CLASS_MAX come from slabs: one frame each, a header of 64 bytes and objects of one
 * size class. A slab hands out objects it has freed first, then those it never used. Slabs with
 * room are in their class's list; full ones are in none. An empty slab goes back to the frame
 * allocator, unless it is the last one with room of its class. Larger sizes are blocks of frames,
 * whose order the frame allocator's state byte holds. Objects of a slab never start at a page
 * boundary and blocks always do, which tells the two apart.
 *
 * Locks: HEAP_LOCK guards lists, slabs and figures. Frame allocation nests inside.
 */
#include <core/spinlock.h>
#include <lib/assert.h>
#include <lib/checked.h>
#include <lib/list.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/heap.h>

/* Fills freed and fresh memory with patterns and checks that freed memory is not written. */
#ifndef MM_HEAP_POISON
#define MM_HEAP_POISON 0
#endif
#define POISON_FREE  0xd5
#define POISON_FRESH 0xa5

#define SLAB_MAGIC   0x51abu
#define CLASS_STEP   16u

struct object {
	struct object *next;
};

struct slab {
	struct list_node node; /* in class.partial, when there is room */
	struct object *freed;
	uint16_t magic;
	uint16_t class;
	uint16_t used;	 /* objects in use */
	uint16_t unused; /* objects never handed out: the last ones */
};

#define SLAB_HEADER 64u
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "slab header");

/* From 64 on multiples of 64, so that the objects are aligned to that; beyond 512 what divides the
 * frame without much waste. */
static const uint16_t class_sizes[] = {16,  32,	 48,  64,  128, 192,  256,
				       320, 448, 576, 768, 960, 1344, 1984};
#define CLASS_COUNT ARRAY_SIZE(class_sizes)
#define CLASS_MAX   1984u

struct class
{
	struct list partial;
	unsigned partial_count;
};

static struct spinlock heap_lock = SPINLOCK_INIT;

static struct {
	bool ready;
	struct class classes[CLASS_COUNT];
	uint8_t class_of[CLASS_MAX / CLASS_STEP + 1]; /* by size in steps */
	struct mm_heap_stats stats;
} heap GUARDED_BY(heap_lock);

static void heap_setup(void) REQUIRES(heap_lock)
{
	unsigned class = 0;

	for (unsigned i = 0; i < CLASS_COUNT; i++)
		list_init(&heap.classes[i].partial);
	for (unsigned step = 0; step <= CLASS_MAX / CLASS_STEP; step++) {
		if (step * CLASS_STEP > class_sizes[class])
			class ++;
		heap.class_of[step] = (uint8_t) class;
	}
	heap.ready = true;
}

static unsigned objects_per_slab(unsigned class)
{
	return (PAGE_SIZE - SLAB_HEADER) / class_sizes[class];
}

static struct slab *slab_of(const void *memory)
{
	struct slab *slab = (struct slab *)ALIGN_DOWN((uintptr_t)memory, PAGE_SIZE);

	ASSERT(slab->magic == SLAB_MAGIC && slab->class < CLASS_COUNT);
	return slab;
}

static bool is_block(const void *memory)
{
	return IS_ALIGNED((uintptr_t)memory, PAGE_SIZE);
}

static struct slab *slab_create(unsigned class) REQUIRES(heap_lock)
{
	paddr_t frame = mm_frame_alloc(0, 0);
	struct slab *slab;

	if (frame == PADDR_NONE)
		return NULL;
	slab = mm_phys_to_virt(frame);
	*slab = (struct slab){
		.magic = SLAB_MAGIC,
		.class = (uint16_t) class,
		.unused = (uint16_t)objects_per_slab(class),
	};
	list_push_front(&heap.classes[class].partial, &slab->node);
	heap.classes[class].partial_count++;
	heap.stats.frames++;
	return slab;
}

static void unlist_slab(struct slab *slab) REQUIRES(heap_lock)
{
	list_remove(&slab->node);
	heap.classes[slab->class].partial_count--;
}

static void poison_check(const struct object *object, size_t size)
{
	const uint8_t *bytes = (const uint8_t *)object;

	for (size_t i = sizeof(*object); i < size; i++)
		ASSERT(bytes[i] == POISON_FREE);
}

static void *slab_alloc(unsigned class) REQUIRES(heap_lock)
{
	struct list_node *node = list_front(&heap.classes[class].partial);
	struct slab *slab = node ? list_entry(node, struct slab, node) : slab_create(class);
	size_t size = class_sizes[class];
	void *memory;

	if (!slab)
		return NULL;
	if (slab->freed) {
		memory = slab->freed;
		if (MM_HEAP_POISON)
			poison_check(memory, size);
		slab->freed = slab->freed->next;
	} else {
		memory = (char *)slab + SLAB_HEADER +
			 (objects_per_slab(class) - slab->unused) * size;
		slab->unused--;
	}
	slab->used++;
	if (!slab->freed && !slab->unused)
		unlist_slab(slab);
	if (MM_HEAP_POISON)
		memset(memory, POISON_FRESH, size);
	heap.stats.blocks++;
	heap.stats.bytes += size;
	return memory;
}

static void slab_free(void *memory) REQUIRES(heap_lock)
{
	struct slab *slab = slab_of(memory);
	struct class *class = &heap.classes[slab->class];
	size_t size = class_sizes[slab->class];
	struct object *object = memory;

	ASSERT(slab->used && ((uintptr_t)memory - (uintptr_t)slab - SLAB_HEADER) % size == 0);
	if (MM_HEAP_POISON)
		memset(memory, POISON_FREE, size);
	if (!slab->freed && !slab->unused) {
		list_push_front(&class->partial, &slab->node);
		class->partial_count++;
	}
	object->next = slab->freed;
	slab->freed = object;
	slab->used--;
	heap.stats.blocks--;
	heap.stats.bytes -= size;
	if (!slab->used && class->partial_count > 1) {
		unlist_slab(slab);
		slab->magic = 0;
		heap.stats.frames--;
		mm_frame_free(mm_virt_to_phys(slab), 0);
	}
}

static void count_block(int64_t sign, unsigned order)
{
	arch_irq_state_t irq = spin_lock(&heap_lock);

	heap.stats.blocks += (uint64_t)sign;
	heap.stats.bytes += (uint64_t)(sign * (int64_t)(PAGE_SIZE << order));
	heap.stats.frames += (uint64_t)(sign * (1ll << order));
	spin_unlock(&heap_lock, irq);
}

static unsigned order_of(size_t size)
{
	unsigned order = 0;

	while (order <= MM_ORDER_MAX && PAGE_SIZE << order < size)
		order++;
	return order;
}

static void *block_alloc(size_t size, unsigned flags)
{
	unsigned order = order_of(size);
	paddr_t frame = PADDR_NONE;

	if (order <= MM_ORDER_MAX)
		frame = mm_frame_alloc(order, flags);
	if (frame == PADDR_NONE)
		return NULL;
	mm_frame_set_heap_order(frame, (int)order);
	count_block(1, order);
	return mm_phys_to_virt(frame);
}

static unsigned block_order(const void *memory)
{
	int order = mm_frame_heap_order(mm_virt_to_phys(memory));

	ASSERT(order >= 0);
	return (unsigned)order;
}

static void block_free(void *memory)
{
	unsigned order = block_order(memory);
	paddr_t frame = mm_virt_to_phys(memory);

	mm_frame_set_heap_order(frame, -1);
	count_block(-1, order);
	mm_frame_free(frame, order);
}

static void *small_alloc(size_t size)
{
	arch_irq_state_t irq = spin_lock(&heap_lock);
	void *memory;

	if (unlikely(!heap.ready))
		heap_setup();
	memory = slab_alloc(heap.class_of[(size + CLASS_STEP - 1) / CLASS_STEP]);
	spin_unlock(&heap_lock, irq);
	return memory;
}

void *kmalloc(size_t size)
{
	return size <= CLASS_MAX ? small_alloc(size) : block_alloc(size, 0);
}

void *kzalloc(size_t size)
{
	void *memory;

	if (size > CLASS_MAX)
		return block_alloc(size, MM_ZERO);
	memory = small_alloc(size);
	if (memory)
		memset(memory, 0, size);
	return memory;
}

void *kcalloc(size_t count, size_t size)
{
	size_t bytes;

	return mul_overflows(count, size, &bytes) ? NULL : kzalloc(bytes);
}

void kfree(void *memory)
{
	arch_irq_state_t irq;

	if (!memory)
		return;
	if (is_block(memory)) {
		block_free(memory);
		return;
	}
	irq = spin_lock(&heap_lock);
	slab_free(memory);
	spin_unlock(&heap_lock, irq);
}

size_t kmalloc_size(const void *memory)
{
	if (is_block(memory))
		return PAGE_SIZE << block_order(memory);
	return class_sizes[slab_of(memory)->class];
}

void *krealloc(void *memory, size_t size)
{
	size_t old = memory ? kmalloc_size(memory) : 0;
	void *fresh;

	/* Stays where it is, unless more than half of it would be wasted. */
	if (memory && size <= old && (size > old / 2 || old <= CLASS_STEP))
		return memory;
	fresh = kmalloc(size);
	if (fresh && memory) {
		memcpy(fresh, memory, MIN(old, size));
		kfree(memory);
	}
	return fresh;
}

void mm_heap_stats(struct mm_heap_stats *stats)
{
	arch_irq_state_t irq = spin_lock(&heap_lock);

	*stats = heap.stats;
	spin_unlock(&heap_lock, irq);
}
