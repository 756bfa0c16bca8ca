/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frames of a file's pages, by page index. A frame that is in the tree stays the tree's until
 * it is dropped. The spinlock guards the tree and the dirty marks; any context. Private to this
 * folder.
 */
#ifndef FS_FRAMES_H
#define FS_FRAMES_H

#include <core/spinlock.h>
#include <lib/compiler.h>
#include <lib/rbtree.h>
#include <lib/types.h>

struct frame_tree {
	struct spinlock lock;
	struct rb_tree tree GUARDED_BY_MEMBER(lock);
	uint64_t count GUARDED_BY_MEMBER(lock);
	uint64_t dirty GUARDED_BY_MEMBER(lock); /* pages that are marked */
};

void frames_init(struct frame_tree *frames);

/* The frame of page INDEX, or PADDR_NONE. */
paddr_t frames_find(struct frame_tree *frames, uint64_t index);

/* The first page in *INDEX .. END - 1: true, *INDEX and *FRAME. */
bool frames_next(struct frame_tree *frames, uint64_t *index, uint64_t end, paddr_t *frame);

/* The same for dirty pages; the mark is taken away. */
bool frames_take_dirty(struct frame_tree *frames, uint64_t *index, uint64_t end, paddr_t *frame);

void frames_mark_dirty(struct frame_tree *frames, uint64_t index);

/* Adds FRAME as page INDEX, which is not there. 0 or -ENOMEM (FRAME stays the caller's). */
must_check int frames_add(struct frame_tree *frames, uint64_t index, paddr_t frame);

/* Takes pages START .. END - 1 out and frees their frames, which nobody maps any more. */
void frames_drop(struct frame_tree *frames, uint64_t start, uint64_t end);

uint64_t frames_count(struct frame_tree *frames);
/* Frames in all trees: what files have in memory. */
uint64_t frames_total(void);
bool frames_any_dirty(struct frame_tree *frames);

#endif /* FS_FRAMES_H */
