/* SPDX-License-Identifier: BSD-3-Clause */
/* The process's memory in sums, for /proc/self. Private to this folder. */
#ifndef FS_PROCFS_MEMORY_H
#define FS_PROCFS_MEMORY_H

#include <lib/types.h>
#include <mm/vm.h>

#include "procfs.h"

/* In pages. */
struct proc_memory {
	uint64_t all, resident, locked;
	uint64_t text, libraries; /* code of the image; of other files */
	uint64_t data;		  /* private and writable */
	uint64_t stack;		  /* of the first thread */
	uintptr_t code_start, code_end, data_start, data_end; /* of the image */
};

/* Task context, may block. */
void proc_memory_sums(struct proc_memory *sums);

/* What AREA is called in /proc/self/maps, "" if nothing. */
void proc_area_name(const struct vm_area_info *area, char *name, size_t size);

/* Generator (procfs_numa.c). */
void proc_put_numa_maps(struct proc_text *out, const struct proc_match *match);

#endif /* FS_PROCFS_MEMORY_H */
