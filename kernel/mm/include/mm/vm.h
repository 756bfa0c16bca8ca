/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The application's half of the address space: areas with rights and a content (anonymous memory or
 * an object), pages on demand. All results are >= 0 or -errno with Linux's values. Addresses and
 * sizes are in bytes; PROT_*, MREMAP_*, MADV_*, MS_* are Linux's.
 *
 * Task context, interrupts on, no spinlock held; calls that reach an object may block. vm_fault,
 * the page fault handler, is declared in arch/trap.h. The design is in docs/memory.md.
 */
#ifndef MM_VM_H
#define MM_VM_H

#include <lib/compiler.h>
#include <lib/types.h>
#include <mm/policy.h>
#include <mm/vm_object.h>

/* Flags of an area. */
#define VM_SHARED    0x1u   /* stores reach the object */
#define VM_STACK     0x2u   /* a thread's stack: small pages, not counted against the memory */
#define VM_NORESERVE 0x4u   /* not counted against the memory */
#define VM_LOCKED    0x8u   /* populated for good */
#define VM_HUGE	     0x10u  /* MADV_HUGEPAGE */
#define VM_NOHUGE    0x20u  /* MADV_NOHUGEPAGE */
#define VM_IMAGE     0x40u  /* part of the linked image: its pages cannot be had again */
#define VM_FIXED_RAM 0x80u  /* frames that belong to the kernel */
#define VM_BRK	     0x100u /* the heap of brk() */
#define VM_NOWRITE   0x200u /* PROT_WRITE cannot be had (shared, object not open for writing) */
#define VM_ACCOUNTED 0x400u /* internal: counted against the memory */

struct vm_map_request {
	uintptr_t address; /* hint, or the place with VM_MAP_FIXED */
	size_t size;
	unsigned prot;		  /* PROT_* */
	unsigned flags;		  /* VM_* above */
	unsigned request;	  /* VM_MAP_* */
	struct vm_object *object; /* NULL: anonymous; the area takes a reference of its own */
	uint64_t offset;	  /* in the object */
};

#define VM_MAP_FIXED	 1u /* at ADDRESS, whatever was there goes */
#define VM_MAP_NOREPLACE 2u /* with FIXED: -EEXIST when something is there */
#define VM_MAP_POPULATE	 4u /* touch all pages now */
#define VM_MAP_32BIT	 8u /* below 2 GiB */

/* Sets up the empty address space; mappings without a hint lie below MAP_TOP, highest first. */
void vm_init(uintptr_t map_top);

/*
 * A segment of the linked image: FILE_SIZE bytes are in memory at PADDR (both addresses at the same
 * place in their pages), zeros follow up to MEMORY_SIZE. 0 or -errno.
 */
must_check int vm_map_image(uintptr_t address, paddr_t paddr, size_t file_size, size_t memory_size,
			    unsigned prot);

/* Maps SIZE bytes of kernel-owned memory at PADDR (vDSO, clock page) for good at ADDRESS. */
must_check int vm_map_ram(uintptr_t address, paddr_t paddr, size_t size, unsigned prot);

/* Where the heap of brk() starts: page-aligned, once, after the image. */
void vm_set_brk_start(uintptr_t address);

/* The address, or -errno. */
must_check long vm_map(const struct vm_map_request *request);
must_check int vm_unmap(uintptr_t address, size_t size);
must_check int vm_protect(uintptr_t address, size_t size, unsigned prot);
/* FLAGS: MREMAP_*. The new address, or -errno. */
must_check long vm_remap(uintptr_t address, size_t old_size, size_t new_size, unsigned flags,
			 uintptr_t new_address);
/* The end of the heap after the call: END, or the old one when that cannot be. */
uintptr_t vm_brk(uintptr_t end);
must_check int vm_advise(uintptr_t address, size_t size, int advice);
/* PAGES: one byte per page, bit 0: in memory. At most one page full of them. */
must_check int vm_mincore(uintptr_t address, size_t pages, uint8_t *out);
must_check int vm_sync(uintptr_t address, size_t size, unsigned flags);
must_check int vm_lock(uintptr_t address, size_t size, bool on_fault);
must_check int vm_unlock(uintptr_t address, size_t size);
/* FLAGS: MCL_*; 0: unlock all. */
must_check int vm_lock_all(unsigned flags);

/* Writes all dirty pages of shared mappings back. Before the machine ends. */
void vm_sync_all(void);

/*
 * Pins: the memory at ADDRESS for access by its physical addresses. Faults it in (WRITE: for
 * writing) and holds its frames, so that unmapping it meanwhile does no harm. Pins as much as fits
 * into VM_PIN_SEGMENTS pieces; pin->size says how much. 0; -EFAULT when the first byte cannot be
 * accessed; -ENOMEM; -EAGAIN: pinned too often (copy instead).
 */
#define VM_PIN_SEGMENTS 1024u
#define VM_PIN_INLINE	8u

struct vm_segment {
	paddr_t paddr;
	size_t size;
};

struct vm_pin {
	size_t size; /* bytes pinned, from ADDRESS on */
	unsigned count;
	unsigned cursor;      /* of vm_pin_segment: a segment ... */
	size_t cursor_offset; /* ... and where it starts */
	struct vm_segment *segments;
	unsigned capacity;
	struct vm_segment inline_segments[VM_PIN_INLINE];
};

must_check int vm_pin(uintptr_t address, size_t size, bool write, struct vm_pin *pin);
void vm_unpin(struct vm_pin *pin);

/* The physically contiguous piece at OFFSET (< pin->size): its address and length. */
void vm_pin_segment(struct vm_pin *pin, size_t offset, paddr_t *paddr, size_t *size);

/* An area, for /proc/self/maps. */
struct vm_area_info {
	uintptr_t start, end;
	unsigned prot, flags;
	uint64_t offset;
	struct vm_object *object; /* with a reference (vm_object_put), or NULL */
	struct mm_policy policy;
};

/* The first area that ends behind ADDRESS; false when there is none. */
bool vm_area_next(uintptr_t address, struct vm_area_info *info);

/*
 * Memory policies and nodes: mbind(2), set_mempolicy_home_node(2), move_pages(2).
 *
 * vm_set_policy: all of the range has to be mapped (-EFAULT). MOVE: pages that lie elsewhere move;
 * STRICT: -EIO when some are not, or could not be moved; with STRICT alone nothing is changed then.
 */
#define VM_POLICY_STRICT 1u
#define VM_POLICY_MOVE	 2u
must_check int vm_set_policy(uintptr_t address, size_t size, const struct mm_policy *policy,
			     unsigned flags);

/* Gives areas with MPOL_BIND or MPOL_PREFERRED_MANY a home. -EOPNOTSUPP: one has another policy;
 * -ENOENT: none has any. */
must_check int vm_set_home(uintptr_t address, size_t size, unsigned node);

/* The node of the page at ADDRESS; -ENOENT: it is not in memory, -EFAULT: nothing is mapped. */
must_check int vm_page_node(uintptr_t address);

/* Moves the page at ADDRESS to NODE. 0; as vm_page_node; -EBUSY: it is pinned; -EACCES: it belongs
 * to somebody else (a file, the kernel); -ENOMEM: the node has no memory left. */
must_check int vm_page_move(uintptr_t address, unsigned node);

/* The first page that is in memory at or above ADDRESS, where it ends, and its node; false: there
 * is none below END. */
struct vm_page_info {
	uintptr_t start, end;
	unsigned node;
	bool dirty;
};
bool vm_page_next(uintptr_t address, uintptr_t end, struct vm_page_info *info);

struct vm_stats {
	uint64_t areas;
	uint64_t mapped_pages;	 /* in areas */
	uint64_t resident_pages; /* anonymous, private and shared ones that are in memory */
	uint64_t locked_pages;
	uint64_t promised_pages; /* counted against the memory, not touched yet */
	uint64_t faults;
	uint64_t major_faults; /* that asked an object */
	uintptr_t brk_start, brk_end;
};
void vm_stats(struct vm_stats *stats);

#endif /* MM_VM_H */
