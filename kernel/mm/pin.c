/* SPDX-License-Identifier: BSD-3-Clause */
/* Pins of the application's memory for access by physical address. What holds the frames is the
 * frame allocator's count (mm/frame.h); here they are found and remembered. */
#include "space.h"

#include <arch/trap.h>
#include <arch/user.h>
#include <lib/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <mm/frame.h>
#include <mm/heap.h>

#define PAGE_OFFSET(address) ((address) & (PAGE_SIZE - 1))

static size_t frames_of(const struct vm_segment *segment)
{
	return (PAGE_OFFSET(segment->paddr) + segment->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* Room for one more segment. */
static bool make_room(struct vm_pin *pin)
{
	unsigned capacity = pin->capacity * 4;
	struct vm_segment *more;

	if (pin->count < pin->capacity)
		return true;
	if (pin->capacity == VM_PIN_SEGMENTS)
		return false;
	capacity = MIN(capacity, VM_PIN_SEGMENTS);
	more = kmalloc(capacity * sizeof(*more));
	if (!more)
		return false;
	memcpy(more, pin->segments, pin->count * sizeof(*more));
	if (pin->segments != pin->inline_segments)
		kfree(pin->segments);
	pin->segments = more;
	pin->capacity = capacity;
	return true;
}

/* Joins it to the last segment where both are contiguous and meet at a page border. */
static void add_segment(struct vm_pin *pin, paddr_t paddr, size_t size)
{
	struct vm_segment *last = pin->count ? &pin->segments[pin->count - 1] : NULL;

	if (last && last->paddr + last->size == paddr)
		last->size += size;
	else
		pin->segments[pin->count++] = (struct vm_segment){paddr, size};
	pin->size += size;
}

/* Pins what is mapped at ADDRESS, at most SIZE bytes. Bytes, 0: a fault is needed, or -EAGAIN. */
static int64_t pin_mapped(struct vm_pin *pin, uintptr_t address, size_t size, bool write)
	REQUIRES(space_lock)
{
	struct vm_area *area;
	struct mmu_page page;
	struct vm_segment piece;
	int error;

	if (!arch_mmu_query(address, &page) || !page.attributes ||
	    (write && !(page.attributes & MMU_WRITE)))
		return 0;
	piece.paddr = page.frame + (address - page.address);
	piece.size = MIN(size, (1ul << page.shift) - (address - page.address));
	error = mm_frame_pin(ALIGN_DOWN(piece.paddr, PAGE_SIZE), frames_of(&piece));
	if (error)
		return error;
	area = area_find(&space.areas, address);
	if (write && area->object && area->flags & VM_SHARED)
		area->object->ops->page_dirty(area->object, area_index(area, address));
	add_segment(pin, piece.paddr, piece.size);
	return (int64_t)piece.size;
}

int vm_pin(uintptr_t address, size_t size, bool write, struct vm_pin *pin)
{
	arch_irq_state_t irq;
	int64_t done;
	int error = 0;

	pin->size = 0;
	pin->count = 0;
	pin->cursor = 0;
	pin->cursor_offset = 0;
	pin->segments = pin->inline_segments;
	pin->capacity = VM_PIN_INLINE;
	if (!arch_user_range_ok(address, size))
		return -EFAULT;
	while (pin->size < size && make_room(pin)) {
		uintptr_t at = address + pin->size;

		irq = spin_lock(&space_lock);
		done = pin_mapped(pin, at, size - pin->size, write);
		spin_unlock(&space_lock, irq);
		if (done == 0)
			error = vm_fault(at, write ? ARCH_FAULT_WRITE : 0);
		else if (done < 0)
			error = (int)done;
		if (error)
			break;
	}
	if (pin->size || !size)
		return 0;
	vm_unpin(pin);
	return !error ? -ENOMEM : error == -EACCES || error == -EIO ? -EFAULT : error;
}

void vm_unpin(struct vm_pin *pin)
{
	for (unsigned i = 0; i < pin->count; i++) {
		const struct vm_segment *segment = &pin->segments[i];

		mm_frame_unpin(ALIGN_DOWN(segment->paddr, PAGE_SIZE), frames_of(segment));
	}
	if (pin->segments != pin->inline_segments)
		kfree(pin->segments);
	pin->count = 0;
}

void vm_pin_segment(struct vm_pin *pin, size_t offset, paddr_t *paddr, size_t *size)
{
	const struct vm_segment *segment;

	ASSERT(offset < pin->size);
	if (offset < pin->cursor_offset)
		pin->cursor = pin->cursor_offset = 0;
	for (segment = &pin->segments[pin->cursor]; offset - pin->cursor_offset >= segment->size;
	     segment++) {
		pin->cursor_offset += segment->size;
		pin->cursor++;
	}
	*paddr = segment->paddr + (offset - pin->cursor_offset);
	*size = segment->size - (offset - pin->cursor_offset);
}
