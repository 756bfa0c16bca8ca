/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames by page index: a red-black tree (frames.h). */
#include "frames.h"

#include <asm/errno.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <stdatomic.h>

struct page {
	struct rb_node node;
	uint64_t index;
	paddr_t frame;
	bool dirty;
};

static struct page *page_of(struct rb_node *node)
{
	return node ? container_of(node, struct page, node) : NULL;
}

static bool index_less(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, struct page, node)->index <
	       container_of(b, struct page, node)->index;
}

static _Atomic uint64_t total; /* frames in all trees */

uint64_t frames_total(void)
{
	return atomic_load_explicit(&total, memory_order_relaxed);
}

void frames_init(struct frame_tree *frames)
{
	*frames = (struct frame_tree){.count = 0};
	spin_init(&frames->lock);
}

/* The first page with an index >= INDEX. */
static struct page *find_from(struct frame_tree *frames, uint64_t index) REQUIRES(frames->lock)
{
	struct rb_node *node = frames->tree.root, *best = NULL;

	while (node) {
		bool right = page_of(node)->index < index;

		if (!right)
			best = node;
		node = node->child[right ? RB_RIGHT : RB_LEFT];
	}
	return page_of(best);
}

paddr_t frames_find(struct frame_tree *frames, uint64_t index)
{
	arch_irq_state_t state = spin_lock(&frames->lock);
	struct page *page = find_from(frames, index);
	paddr_t frame = page && page->index == index ? page->frame : PADDR_NONE;

	spin_unlock(&frames->lock, state);
	return frame;
}

bool frames_next(struct frame_tree *frames, uint64_t *index, uint64_t end, paddr_t *frame)
{
	arch_irq_state_t state = spin_lock(&frames->lock);
	struct page *page = find_from(frames, *index);
	bool found = page && page->index < end;

	if (found) {
		*index = page->index;
		*frame = page->frame;
	}
	spin_unlock(&frames->lock, state);
	return found;
}

bool frames_take_dirty(struct frame_tree *frames, uint64_t *index, uint64_t end, paddr_t *frame)
{
	arch_irq_state_t state = spin_lock(&frames->lock);
	struct page *page = find_from(frames, *index);
	bool found;

	while (page && page->index < end && !page->dirty)
		page = page_of(rb_next(&page->node));
	found = page && page->index < end;
	if (found) {
		page->dirty = false;
		frames->dirty--;
		*index = page->index;
		*frame = page->frame;
	}
	spin_unlock(&frames->lock, state);
	return found;
}

void frames_mark_dirty(struct frame_tree *frames, uint64_t index)
{
	arch_irq_state_t state = spin_lock(&frames->lock);
	struct page *page = find_from(frames, index);

	if (page && page->index == index && !page->dirty) {
		page->dirty = true;
		frames->dirty++;
	}
	spin_unlock(&frames->lock, state);
}

int frames_add(struct frame_tree *frames, uint64_t index, paddr_t frame)
{
	struct page *page = kzalloc(sizeof(*page));
	arch_irq_state_t state;

	if (!page)
		return -ENOMEM;
	page->index = index;
	page->frame = frame;
	state = spin_lock(&frames->lock);
	rb_insert(&frames->tree, &page->node, index_less);
	frames->count++;
	atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
	spin_unlock(&frames->lock, state);
	return 0;
}

void frames_drop(struct frame_tree *frames, uint64_t start, uint64_t end)
{
	for (;;) {
		arch_irq_state_t state = spin_lock(&frames->lock);
		struct page *page = find_from(frames, start);

		if (page && page->index >= end)
			page = NULL;
		if (page) {
			rb_erase(&frames->tree, &page->node);
			frames->count--;
			atomic_fetch_sub_explicit(&total, 1, memory_order_relaxed);
			frames->dirty -= page->dirty;
		}
		spin_unlock(&frames->lock, state);
		if (!page)
			return;
		mm_frame_free(page->frame, 0);
		kfree(page);
	}
}

uint64_t frames_count(struct frame_tree *frames)
{
	arch_irq_state_t state = spin_lock(&frames->lock);
	uint64_t count = frames->count;

	spin_unlock(&frames->lock, state);
	return count;
}

bool frames_any_dirty(struct frame_tree *frames)
{
	arch_irq_state_t state = spin_lock(&frames->lock);
	bool any = frames->dirty > 0;

	spin_unlock(&frames->lock, state);
	return any;
}
