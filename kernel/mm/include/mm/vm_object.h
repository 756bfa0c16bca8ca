/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is behind a mapping that is not anonymous memory: a file. Declared here, implemented by the
 * file systems. Counted references; each area that maps the object holds one.
 *
 * Calls of the operations: in task context, interrupts on, no lock of kernel/mm held, several at a
 * time for one object (it locks itself); they may block. The exception is page_dirty.
 */
#ifndef MM_VM_OBJECT_H
#define MM_VM_OBJECT_H

#include <lib/compiler.h>
#include <lib/list.h>
#include <lib/types.h>
#include <stdatomic.h>

struct vm_object;

struct vm_object_ops {
	/*
	 * Private mappings: fills SIZE bytes (whole pages, physically contiguous) at FRAME with the
	 * file's content from OFFSET (a multiple of the page size) on, zeros behind the end of the
	 * file. Returns how many of the bytes came from the file: 0 when OFFSET is at or behind its
	 * end; or -errno.
	 */
	int64_t (*read)(struct vm_object *object, uint64_t offset, paddr_t frame, size_t size);

	/*
	 * Shared mappings: the frame that holds page INDEX of the file, which stays the object's,
	 * and stays the same, until the object is released or calls vm_object_unmap for it. 0; -EIO
	 * behind the end of the file; -errno. NULL: the object cannot be mapped shared.
	 */
	int (*get_page)(struct vm_object *object, uint64_t index, paddr_t *frame);

	/* Page INDEX, from get_page, has been written through a mapping. Called with a spinlock
	 * held: marks it, no more. Set when get_page is. */
	void (*page_dirty)(struct vm_object *object, uint64_t index);

	/* Writes the dirty pages among INDEX .. INDEX + COUNT - 1 to the file. 0 or -errno. Set
	 * when get_page is. */
	int (*sync)(struct vm_object *object, uint64_t index, uint64_t count);

	/* The last reference has gone: nothing maps the object any more. */
	void (*release)(struct vm_object *object);

	/* The file's path for /proc/self/maps, as strlcpy. May be NULL. */
	size_t (*name)(struct vm_object *object, char *buffer, size_t size);
};

struct vm_object {
	const struct vm_object_ops *ops;
	_Atomic uint32_t references;
	uint64_t device, inode; /* for /proc/self/maps */
	struct list areas;	/* that map it; guarded by space_lock of kernel/mm */
	uint64_t unmaps;	/* calls of vm_object_unmap; guarded likewise */
};

/* One reference, the caller's. */
static inline void vm_object_init(struct vm_object *object, const struct vm_object_ops *ops)
{
	object->ops = ops;
	atomic_init(&object->references, 1);
	list_init(&object->areas);
	object->unmaps = 0;
}

static inline void vm_object_get(struct vm_object *object)
{
	atomic_fetch_add_explicit(&object->references, 1, memory_order_relaxed);
}

/* Drops a reference (NULL: nothing); the last one calls release, which may block. */
void vm_object_put(struct vm_object *object);

/* The file was cut: takes all pages from FIRST_INDEX on out of all mappings, private ones too.
 * Later accesses ask the object again. The object can free its frames afterwards. Does not block.
 */
void vm_object_unmap(struct vm_object *object, uint64_t first_index);

#endif /* MM_VM_OBJECT_H */
