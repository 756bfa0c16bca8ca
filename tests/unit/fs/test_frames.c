/* SPDX-License-Identifier: BSD-3-Clause */
/* The tree of a file's frames against an array. */
#include "host.h"

#include "../../../kernel/fs/frames.h"

#include <mm/frame.h>

#define PAGES 64u

static struct frame_tree tree;
static struct {
	paddr_t frame; /* 0: none */
	bool dirty;
} model[PAGES];

static uint64_t model_next(uint64_t index, uint64_t end, bool dirty)
{
	while (index < end && index < PAGES &&
	       (!model[index].frame || (dirty && !model[index].dirty)))
		index++;
	return index < MIN(end, PAGES) ? index : UINT64_MAX;
}

static void do_add(uint64_t index)
{
	paddr_t frame;

	if (model[index].frame)
		return;
	frame = mm_frame_alloc(0, 0);
	CHECK_EQ(frames_add(&tree, index, frame), 0);
	model[index].frame = frame;
	model[index].dirty = false;
}

static void do_drop(uint64_t start, uint64_t end)
{
	frames_drop(&tree, start, end);
	for (uint64_t i = start; i < end && i < PAGES; i++)
		model[i].frame = 0;
}

static void do_next(uint64_t index, uint64_t end, bool dirty)
{
	uint64_t expected = model_next(index, end, dirty), found = index;
	paddr_t frame;
	bool any = dirty ? frames_take_dirty(&tree, &found, end, &frame)
			 : frames_next(&tree, &found, end, &frame);

	CHECK_EQ(any, expected != UINT64_MAX);
	if (!any)
		return;
	CHECK_EQ(found, expected);
	CHECK_EQ(frame, model[found].frame);
	if (dirty)
		model[found].dirty = false;
}

static void check_all(void)
{
	unsigned count = 0, dirty = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		paddr_t expected = model[i].frame ? model[i].frame : PADDR_NONE;

		CHECK_EQ(frames_find(&tree, i), expected);
		count += model[i].frame != 0;
		dirty += model[i].frame && model[i].dirty;
	}
	CHECK_EQ(frames_count(&tree), count);
	CHECK_EQ(host_frames, count);
	CHECK_EQ(frames_any_dirty(&tree), dirty > 0);
}

int main(void)
{
	frames_init(&tree);
	for (int i = 0; i < 100000; i++) {
		uint64_t a = unit_below(PAGES), b = a + unit_below(8);

		switch (unit_below(8)) {
		case 0:
			do_drop(a, b);
			break;
		case 1:
			frames_mark_dirty(&tree, a);
			model[a].dirty = model[a].frame != 0;
			break;
		case 2:
			do_next(a, unit_below(4) ? b : UINT64_MAX, false);
			break;
		case 3:
			do_next(a, unit_below(4) ? b : UINT64_MAX, true);
			break;
		default:
			do_add(a);
		}
		if (i % 64 == 0)
			check_all();
	}
	do_drop(0, UINT64_MAX);
	check_all();
	CHECK_EQ(host_locks_held, 0);
	return 0;
}
