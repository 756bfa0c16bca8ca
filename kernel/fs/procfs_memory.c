/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self: its memory (proc(5)): maps, smaps, statm, and the Vm lines of status. */
#include "procfs.h"

#include <arch/mmu.h>
#include <arch/user.h>
#include <asm/errno.h>
#include <drivers/host_channel.h>
#include <lib/string.h>
#include <linux/mman.h>
#include <mm/heap.h>
#include <mm/vm.h>

#include "procfs_memory.h"

#define KIB_PER_PAGE (PAGE_SIZE / 1024)
#define NAME_COLUMN  73 /* of a mapping's name */

static bool is_stack(const struct vm_area_info *area)
{
	return area->flags & VM_STACK && area->end == ARCH_USER_END;
}

static bool is_image(const struct vm_area_info *area)
{
	return area->flags & VM_IMAGE && !area->object;
}

void proc_area_name(const struct vm_area_info *area, char *name, size_t size)
{
	name[0] = '\0';
	if (area->object && area->object->ops->name)
		area->object->ops->name(area->object, name, size);
	else if (area->flags & VM_BRK)
		strlcpy(name, "[heap]", size);
	else if (area->flags & VM_FIXED_RAM)
		strlcpy(name, area->prot & PROT_EXEC ? "[vdso]" : "[vvar]", size);
	else if (is_image(area) && host_hello())
		strlcpy(name, host_hello()->image_path, size);
	else if (is_stack(area))
		strlcpy(name, "[stack]", size);
}

/* Ends the line that began at START with NAME, if there is one. */
static void end_line(struct proc_text *out, size_t start, const char *name)
{
	if (name[0]) {
		while (out->length - start < NAME_COLUMN && !out->error)
			proc_put(out, " ", 1);
		proc_put(out, name, strlen(name));
	}
	proc_put(out, "\n", 1);
}

static void put_area(struct proc_text *out, const struct vm_area_info *area, char *name)
{
	const struct vm_object *object = area->object;
	size_t start = out->length;

	proc_printf(out, "%08lx-%08lx %c%c%c%c %08llx %02llx:%02llx %llu ", area->start, area->end,
		    area->prot & PROT_READ ? 'r' : '-', area->prot & PROT_WRITE ? 'w' : '-',
		    area->prot & PROT_EXEC ? 'x' : '-', area->flags & VM_SHARED ? 's' : 'p',
		    (unsigned long long)area->offset,
		    object ? (unsigned long long)object->device >> 8 : 0,
		    object ? (unsigned long long)object->device & 0xff : 0,
		    object ? (unsigned long long)object->inode : 0);
	proc_area_name(area, name, FS_PATH_MAX + 1);
	end_line(out, start, name);
}

/* What smaps tells of an area, or of all. In pages. */
struct usage {
	uint64_t size, resident, anonymous, locked;
};

/* Pages of AREA that are in memory. SEEN has room for a byte per page of PAGE_SIZE pages. */
static uint64_t count_resident(const struct vm_area_info *area, uint8_t *seen)
{
	uint64_t count = 0;

	for (uintptr_t at = area->start; at < area->end; at += PAGE_SIZE * PAGE_SIZE) {
		size_t pages = MIN(PAGE_SIZE, (area->end - at) / PAGE_SIZE);

		if (vm_mincore(at, pages, seen))
			break; /* it has just gone */
		for (size_t i = 0; i < pages; i++)
			count += seen[i] & 1;
	}
	return count;
}

static struct usage area_usage(const struct vm_area_info *area, uint8_t *seen)
{
	struct usage usage = {.size = (area->end - area->start) / PAGE_SIZE};

	/* Memory without rights is mostly address space that somebody keeps for later. */
	if (area->prot != PROT_NONE)
		usage.resident = count_resident(area, seen);
	if (!area->object && !(area->flags & VM_FIXED_RAM))
		usage.anonymous = usage.resident;
	if (area->flags & VM_LOCKED)
		usage.locked = usage.resident;
	return usage;
}

static void put_kib(struct proc_text *out, const char *name, uint64_t pages)
{
	proc_printf(out, "%-16s%8llu kB\n", name, (unsigned long long)(pages * KIB_PER_PAGE));
}

static void put_resident(struct proc_text *out, const struct usage *usage)
{
	put_kib(out, "Rss:", usage->resident);
	put_kib(out, "Pss:", usage->resident);
	put_kib(out, "Pss_Dirty:", usage->anonymous);
	put_kib(out, "Shared_Clean:", 0);
	put_kib(out, "Shared_Dirty:", 0);
	put_kib(out, "Private_Clean:", usage->resident - usage->anonymous);
	put_kib(out, "Private_Dirty:", usage->anonymous);
	put_kib(out, "Referenced:", usage->resident);
	put_kib(out, "Anonymous:", usage->anonymous);
	put_kib(out, "LazyFree:", 0);
	put_kib(out, "AnonHugePages:", 0);
	put_kib(out, "ShmemPmdMapped:", 0);
	put_kib(out, "FilePmdMapped:", 0);
	put_kib(out, "Shared_Hugetlb:", 0);
	put_kib(out, "Private_Hugetlb:", 0);
	put_kib(out, "Swap:", 0);
	put_kib(out, "SwapPss:", 0);
	put_kib(out, "Locked:", usage->locked);
}

static void put_flags(struct proc_text *out, const struct vm_area_info *area)
{
	proc_printf(out, "VmFlags:%s%s%s%s mr%s me%s%s%s%s%s%s \n",
		    area->prot & PROT_READ ? " rd" : "", area->prot & PROT_WRITE ? " wr" : "",
		    area->prot & PROT_EXEC ? " ex" : "", area->flags & VM_SHARED ? " sh" : "",
		    area->flags & VM_NOWRITE ? "" : " mw", area->flags & VM_SHARED ? " ms" : "",
		    is_stack(area) ? " gd" : "", area->flags & VM_LOCKED ? " lo" : "",
		    area->flags & VM_NORESERVE ? " nr" : "", area->flags & VM_HUGE ? " hg" : "",
		    area->flags & VM_NOHUGE ? " nh" : "");
}

typedef void (*area_fn)(struct proc_text *out, const struct vm_area_info *area, char *scratch,
			struct usage *total);

/* VISIT for each area, with FS_PATH_MAX + 1 bytes of scratch memory. */
static struct usage for_each_area(struct proc_text *out, area_fn visit)
{
	char *scratch = kmalloc(FS_PATH_MAX + 1);
	struct usage total = {0};
	struct vm_area_info area;
	uintptr_t at = 0;

	_Static_assert(FS_PATH_MAX >= PAGE_SIZE, "room for vm_mincore's result");
	if (!scratch) {
		out->error = -ENOMEM;
		return total;
	}
	while (!out->error && vm_area_next(at, &area)) {
		visit(out, &area, scratch, &total);
		vm_object_put(area.object);
		at = area.end;
	}
	kfree(scratch);
	return total;
}

static void visit_maps(struct proc_text *out, const struct vm_area_info *area, char *scratch,
		       struct usage *total)
{
	(void)total;
	put_area(out, area, scratch);
}

static void put_maps(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	for_each_area(out, visit_maps);
}

static void visit_smaps(struct proc_text *out, const struct vm_area_info *area, char *scratch,
			struct usage *total)
{
	struct usage usage;

	(void)total;
	put_area(out, area, scratch);
	usage = area_usage(area, (uint8_t *)scratch);
	put_kib(out, "Size:", usage.size);
	put_kib(out, "KernelPageSize:", 1);
	put_kib(out, "MMUPageSize:", 1);
	put_resident(out, &usage);
	proc_printf(out, "THPeligible:    %d\n",
		    !area->object && !(area->flags & (VM_NOHUGE | VM_STACK | VM_FIXED_RAM)) &&
			    usage.size >= HUGE_PAGE_SIZE / PAGE_SIZE);
	put_flags(out, area);
}

static void put_smaps(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	for_each_area(out, visit_smaps);
}

static void visit_rollup(struct proc_text *out, const struct vm_area_info *area, char *scratch,
			 struct usage *total)
{
	struct usage usage = area_usage(area, (uint8_t *)scratch);

	(void)out;
	total->resident += usage.resident;
	total->anonymous += usage.anonymous;
	total->locked += usage.locked;
}

static void put_smaps_rollup(struct proc_text *out, const struct proc_match *match)
{
	struct usage total = for_each_area(out, visit_rollup);
	size_t start = out->length;
	struct vm_area_info first;

	(void)match;
	if (!vm_area_next(0, &first))
		return;
	vm_object_put(first.object);
	proc_printf(out, "%08lx-%08lx ---p 00000000 00:00 0 ", first.start, ARCH_USER_END);
	end_line(out, start, "[rollup]");
	put_resident(out, &total);
}

void proc_memory_sums(struct proc_memory *sums)
{
	struct vm_area_info area;
	struct vm_stats stats;
	uintptr_t at = 0;

	vm_stats(&stats);
	*sums = (struct proc_memory){
		.all = stats.mapped_pages,
		.resident = stats.resident_pages,
		.locked = stats.locked_pages,
	};
	while (vm_area_next(at, &area)) {
		uint64_t pages = (area.end - area.start) / PAGE_SIZE;
		bool text = area.prot & PROT_EXEC && !(area.prot & PROT_WRITE);

		if (is_stack(&area))
			sums->stack += pages;
		else if (text && is_image(&area))
			sums->text += pages;
		else if (text)
			sums->libraries += pages;
		else if (area.prot & PROT_WRITE && !(area.flags & VM_SHARED))
			sums->data += pages;
		if (is_image(&area) && area.prot & PROT_EXEC && !sums->code_start) {
			sums->code_start = area.start;
			sums->code_end = area.end;
		} else if (is_image(&area) && area.prot & PROT_WRITE && !sums->data_start) {
			sums->data_start = area.start;
			sums->data_end = area.end;
		}
		vm_object_put(area.object);
		at = area.end;
	}
}

static void put_statm(struct proc_text *out, const struct proc_match *match)
{
	struct proc_memory sums;

	(void)match;
	proc_memory_sums(&sums);
	proc_printf(out, "%llu %llu 0 %llu 0 %llu 0\n", (unsigned long long)sums.all,
		    (unsigned long long)sums.resident, (unsigned long long)sums.text,
		    (unsigned long long)(sums.data + sums.stack));
}

static const struct proc_entry entries[] = {
	PROC_THREAD_TEXT("maps", put_maps),
	PROC_THREAD_TEXT("smaps", put_smaps),
	PROC_THREAD_TEXT("smaps_rollup", put_smaps_rollup),
	PROC_THREAD_TEXT("statm", put_statm),
	PROC_THREAD_TEXT("numa_maps", proc_put_numa_maps),
};

const struct proc_table proc_memory_table = {entries, ARRAY_SIZE(entries)};
