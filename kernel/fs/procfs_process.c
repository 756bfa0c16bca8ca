/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/self (proc(5)). */
#include "procfs.h"

#include <arch/user.h>
#include <asm/errno.h>
#include <drivers/host_channel.h>
#include <file/file.h>
#include <fs/path.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/mman.h>
#include <mm/vm.h>
#include <sched/process.h>

static int link_exe(char *target, const struct proc_match *match)
{
	const struct host_hello *hello = host_hello();

	(void)match;
	strlcpy(target, hello ? hello->image_path : "/app", FS_PATH_MAX + 1);
	return 0;
}

static int link_cwd(char *target, const struct proc_match *match)
{
	(void)match;
	vfs_cwd_get(target);
	return 0;
}

static int link_root(char *target, const struct proc_match *match)
{
	(void)match;
	strlcpy(target, "/", FS_PATH_MAX + 1);
	return 0;
}

static int link_fd(char *target, const struct proc_match *match)
{
	struct file *file = fd_get(match->fd);

	if (!file)
		return -ENOENT;
	if (!file_path_copy(file, target, FS_PATH_MAX + 1))
		strlcpy(target, "anon_inode:[file]", FS_PATH_MAX + 1);
	file_put(file);
	return 0;
}

static void put_area(struct proc_text *out, const struct vm_area_info *area)
{
	char name[256] = "";

	if (area->object && area->object->ops->name)
		area->object->ops->name(area->object, name, sizeof(name));
	else if (area->flags & VM_BRK)
		strlcpy(name, "[heap]", sizeof(name));
	else if (area->flags & VM_FIXED_RAM)
		strlcpy(name, area->prot & PROT_EXEC ? "[vdso]" : "[vvar]", sizeof(name));
	else if (area->flags & VM_IMAGE)
		link_exe(name, NULL);
	else if (area->end == ARCH_USER_END)
		strlcpy(name, "[stack]", sizeof(name));
	proc_printf(out, "%08lx-%08lx %c%c%c%c %08llx %02llx:%02llx %llu%s%s\n", area->start,
		    area->end, area->prot & PROT_READ ? 'r' : '-',
		    area->prot & PROT_WRITE ? 'w' : '-', area->prot & PROT_EXEC ? 'x' : '-',
		    area->flags & VM_SHARED ? 's' : 'p', (unsigned long long)area->offset,
		    (unsigned long long)(area->object ? area->object->device >> 8 : 0),
		    (unsigned long long)(area->object ? area->object->device & 0xff : 0),
		    (unsigned long long)(area->object ? area->object->inode : 0),
		    name[0] ? "                    " : " ", name);
}

static void put_maps(struct proc_text *out, const struct proc_match *match)
{
	struct vm_area_info area;
	uintptr_t at = 0;

	(void)match;
	while (vm_area_next(at, &area)) {
		put_area(out, &area);
		vm_object_put(area.object);
		at = area.end;
	}
}

static void put_strings(struct proc_text *out, char **strings)
{
	for (; strings && *strings; strings++)
		proc_put(out, *strings, strlen(*strings) + 1);
}

static void put_cmdline(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	if (host_hello())
		put_strings(out, host_hello()->argv);
}

static void put_environ(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	if (host_hello())
		put_strings(out, host_hello()->envp);
}

static void put_comm(struct proc_text *out, const struct proc_match *match)
{
	char name[16];

	if (!thread_name_of(match->tid, name))
		proc_printf(out, "%s\n", name);
}

static void put_status(struct proc_text *out, const struct proc_match *match)
{
	const struct host_hello *hello = host_hello();
	unsigned uid = hello ? hello->fixed.uid : 0, gid = hello ? hello->fixed.gid : 0;
	struct vm_stats vm;
	char name[16] = "app";

	vm_stats(&vm);
	(void)!thread_name_of(match->tid, name);
	proc_printf(out,
		    "Name:\t%s\nUmask:\t0022\nState:\tR (running)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n",
		    name, PROCESS_PID, match->tid);
	proc_printf(out, "PPid:\t%d\nTracerPid:\t0\nUid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n",
		    PROCESS_PARENT_PID, uid, uid, uid, uid, gid, gid, gid, gid);
	proc_printf(out, "FDSize:\t%u\nGroups:\t%u \n", fd_table_size(), gid);
	proc_printf(
		out,
		"VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\nVmHWM:\t%8llu kB\n"
		"VmRSS:\t%8llu kB\n",
		(unsigned long long)vm.mapped_pages * 4, (unsigned long long)vm.mapped_pages * 4,
		(unsigned long long)vm.locked_pages * 4, (unsigned long long)vm.resident_pages * 4,
		(unsigned long long)vm.resident_pages * 4);
	proc_printf(out, "Threads:\t%u\n", process_thread_count());
}

static void put_statm(struct proc_text *out, const struct proc_match *match)
{
	struct vm_stats vm;

	(void)match;
	vm_stats(&vm);
	proc_printf(out, "%llu %llu 0 0 0 %llu 0\n", (unsigned long long)vm.mapped_pages,
		    (unsigned long long)vm.resident_pages, (unsigned long long)vm.resident_pages);
}

static const struct proc_entry entries[] = {
	{"PID/exe", NULL, link_exe},	       {"PID/cwd", NULL, link_cwd},
	{"PID/root", NULL, link_root},	       {"PID/fd/FD", NULL, link_fd},
	{"PID/maps", put_maps, NULL},	       {"PID/cmdline", put_cmdline, NULL},
	{"PID/environ", put_environ, NULL},    {"PID/comm", put_comm, NULL},
	{"PID/status", put_status, NULL},      {"PID/statm", put_statm, NULL},
	{"PID/task/TID/comm", put_comm, NULL}, {"PID/task/TID/status", put_status, NULL},
};

const struct proc_table proc_process_table = {entries, ARRAY_SIZE(entries)};
