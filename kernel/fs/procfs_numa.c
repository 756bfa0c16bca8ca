/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self/numa_maps (numa(7)): each area's memory policy and the nodes its pages are on. */
#include "procfs.h"

#include <arch/mmu.h>
#include <asm/errno.h>
#include <lib/string.h>
#include <linux/mempolicy.h>
#include <mm/heap.h>
#include <mm/vm.h>
#include <sched/task.h>

#include "procfs_memory.h"
#include "procfs_status.h"

static bool is_chosen(unsigned node, const void *context)
{
	const mm_nodes_t *nodes = context;

	return *nodes & mm_node_bit(node);
}

static void put_policy(struct proc_text *out, const struct mm_policy *policy)
{
	static const char *const names[] = {
		[MPOL_DEFAULT] = "default", [MPOL_PREFERRED] = "prefer",
		[MPOL_BIND] = "bind",	    [MPOL_INTERLEAVE] = "interleave",
		[MPOL_LOCAL] = "local",	    [MPOL_PREFERRED_MANY] = "prefer (many)",
	};

	proc_printf(out, "%s", names[policy->mode]);
	if (policy->flags & MPOL_MODE_FLAGS)
		proc_printf(out, "=%s",
			    policy->flags & MPOL_F_STATIC_NODES	    ? "static"
			    : policy->flags & MPOL_F_RELATIVE_NODES ? "relative"
								    : "balancing");
	if (policy->nodes) {
		proc_printf(out, ":");
		proc_put_cpu_list(out, mm_node_count(), is_chosen, &policy->nodes);
		if (!out->error)
			out->length--; /* the line goes on */
	}
}

static void put_name(struct proc_text *out, const struct vm_area_info *area, char *name)
{
	proc_area_name(area, name, FS_PATH_MAX + 1);
	if (name[0] == '[')
		proc_printf(out, "%s",
			    strcmp(name, "[heap]") == 0	   ? " heap"
			    : strcmp(name, "[stack]") == 0 ? " stack"
							   : "");
	if (name[0] && name[0] != '[') {
		proc_printf(out, " file=");
		proc_put(out, name, strlen(name));
	}
}

static void put_pages(struct proc_text *out, const struct vm_area_info *area)
{
	uint64_t counts[MM_NODES_MAX] = {0}, all = 0, dirty = 0;
	struct vm_page_info page;
	bool anonymous = !area->object && !(area->flags & VM_FIXED_RAM);
	uintptr_t at = area->start;

	while (vm_page_next(at, area->end, &page)) {
		uint64_t pages = (page.end - page.start) >> PAGE_SHIFT;

		counts[page.node] += pages;
		all += pages;
		dirty += page.dirty ? pages : 0;
		at = page.end;
	}
	if (!all)
		return;
	proc_printf(out, " %s=%llu", anonymous ? "anon" : "mapped", (unsigned long long)all);
	if (dirty)
		proc_printf(out, " dirty=%llu", (unsigned long long)dirty);
	for (unsigned node = 0; node < mm_node_count(); node++) {
		if (counts[node])
			proc_printf(out, " N%u=%llu", node, (unsigned long long)counts[node]);
	}
	proc_printf(out, " kernelpagesize_kB=%lu", (unsigned long)PAGE_SIZE / 1024);
}

void proc_put_numa_maps(struct proc_text *out, const struct proc_match *match)
{
	char *name = kmalloc(FS_PATH_MAX + 1);
	struct vm_area_info area;
	uintptr_t at = 0;

	(void)match;
	if (!name)
		out->error = -ENOMEM;
	while (!out->error && vm_area_next(at, &area)) {
		const struct mm_policy *own = &area.policy;

		proc_printf(out, "%08lx ", area.start);
		put_policy(out, own->mode == MPOL_DEFAULT ? &task_memory()->policy : own);
		put_name(out, &area, name);
		put_pages(out, &area);
		proc_put(out, "\n", 1);
		vm_object_put(area.object);
		at = area.end;
	}
	kfree(name);
}
