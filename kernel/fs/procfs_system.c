/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc: the machine and the kernel (proc(5)). */
#include "procfs.h"

#include <core/clock.h>
#include <core/cpu.h>
#include <core/random.h>
#include <core/version.h>
#include <drivers/host_channel.h>
#include <fs/proc.h>
#include <lib/string.h>
#include <mm/frame.h>
#include <mm/vm.h>
#include <sched/inspect.h>
#include <sched/process.h>
#include <sched/sched.h>

#include "frames.h"
#include "procfs_status.h"

#define KIB_PER_PAGE	(PAGE_SIZE / 1024)
#define VMALLOC_KIB	(1ull << 35) /* Linux's: 32 TiB */
#define PID_MAX		4194304
#define LAST_CAPABILITY 40

static const char *boot_cmdline = ""; /* fixed when the application runs */

void proc_set_cmdline(const char *cmdline)
{
	boot_cmdline = cmdline;
}

static void put_kib(struct proc_text *out, const char *name, uint64_t kib)
{
	proc_printf(out, "%-15s %8llu kB\n", name, (unsigned long long)kib);
}

/* What Linux tells of a page's use; memory of the kernel is all "slab". */
static void put_memory_use(struct proc_text *out, uint64_t anonymous, uint64_t cached,
			   uint64_t locked)
{
	put_kib(out, "Active:", anonymous + cached);
	put_kib(out, "Inactive:", 0);
	put_kib(out, "Active(anon):", anonymous);
	put_kib(out, "Inactive(anon):", 0);
	put_kib(out, "Active(file):", cached);
	put_kib(out, "Inactive(file):", 0);
	put_kib(out, "Unevictable:", locked);
	put_kib(out, "Mlocked:", locked);
	put_kib(out, "SwapTotal:", 0);
	put_kib(out, "SwapFree:", 0);
	put_kib(out, "Dirty:", 0);
	put_kib(out, "Writeback:", 0);
	put_kib(out, "AnonPages:", anonymous);
	put_kib(out, "Mapped:", 0);
	put_kib(out, "Shmem:", 0);
	put_kib(out, "KReclaimable:", 0);
}

static void put_meminfo(struct proc_text *out, const struct proc_match *match)
{
	struct mm_frame_stats frames;
	struct vm_stats vm;
	uint64_t total, free, anonymous, other, cached = frames_total() * KIB_PER_PAGE;

	(void)match;
	mm_frame_stats(&frames);
	vm_stats(&vm);
	total = frames.total * KIB_PER_PAGE;
	free = frames.free * KIB_PER_PAGE;
	anonymous = vm.resident_pages * KIB_PER_PAGE;
	other = total - MIN(total, free + anonymous + cached);
	put_kib(out, "MemTotal:", total);
	put_kib(out, "MemFree:", free);
	put_kib(out, "MemAvailable:", free);
	put_kib(out, "Buffers:", 0);
	put_kib(out, "Cached:", cached);
	put_kib(out, "SwapCached:", 0);
	put_memory_use(out, anonymous, cached, vm.locked_pages * KIB_PER_PAGE);
	put_kib(out, "Slab:", other);
	put_kib(out, "SReclaimable:", 0);
	put_kib(out, "SUnreclaim:", other);
	put_kib(out, "KernelStack:", (uint64_t)process_thread_count() * 16);
	put_kib(out, "CommitLimit:", total);
	put_kib(out, "Committed_AS:", anonymous + vm.promised_pages * KIB_PER_PAGE);
	put_kib(out, "VmallocTotal:", VMALLOC_KIB);
	put_kib(out, "VmallocUsed:", 0);
	put_kib(out, "AnonHugePages:", 0);
	proc_printf(out, "HugePages_Total:       0\nHugePages_Free:        0\n"
			 "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	put_kib(out, "Hugepagesize:", 2048);
	put_kib(out, "Hugetlb:", 0);
}

static void put_uptime(struct proc_text *out, const struct proc_match *match)
{
	uint64_t up = clock_monotonic_ns() / PROC_TICK_NS, idle = sched_idle_ns() / PROC_TICK_NS;

	(void)match;
	proc_printf(out, "%llu.%02llu %llu.%02llu\n", (unsigned long long)up / 100,
		    (unsigned long long)up % 100, (unsigned long long)idle / 100,
		    (unsigned long long)idle % 100);
}

static void put_times(struct proc_text *out, uint64_t up_ns, uint64_t idle_ns)
{
	uint64_t idle = idle_ns / PROC_TICK_NS, busy = up_ns / PROC_TICK_NS;

	/* Time in the kernel is not told apart. */
	busy -= MIN(busy, idle);
	proc_printf(out, "%llu 0 0 %llu 0 0 0 0 0 0\n", (unsigned long long)busy,
		    (unsigned long long)idle);
}

static void put_stat(struct proc_text *out, const struct proc_match *match)
{
	uint64_t up = clock_monotonic_ns(), interrupts = 0, switches[2];

	(void)match;
	proc_printf(out, "cpu  ");
	put_times(out, up * cpu_count(), sched_idle_ns());
	for (unsigned i = 0; i < cpu_count(); i++) {
		proc_printf(out, "cpu%u ", i);
		put_times(out, up, sched_cpu_idle_ns(i));
		interrupts += READ_ONCE(cpu_get(i)->irq_count);
	}
	process_switches(switches);
	proc_printf(out, "intr %llu\nctxt %llu\nbtime %llu\nprocesses %llu\n",
		    (unsigned long long)interrupts, (unsigned long long)(switches[0] + switches[1]),
		    (unsigned long long)((clock_realtime_ns() - up) / NS_PER_SEC),
		    (unsigned long long)process_threads_started());
	proc_printf(out, "procs_running %u\nprocs_blocked 0\n", sched_runnable_count());
}

/* As sysinfo(2): how many threads can run now stands for all averages. */
static void put_loadavg(struct proc_text *out, const struct proc_match *match)
{
	unsigned running = sched_runnable_count();

	(void)match;
	proc_printf(out, "%u.00 %u.00 %u.00 %u/%u %llu\n", running, running, running, running,
		    process_thread_count(),
		    (unsigned long long)(PROCESS_PID - 1 + process_threads_started()));
}

static void put_interrupts(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "      ");
	for (unsigned i = 0; i < cpu_count(); i++)
		proc_printf(out, "      CPU%-3u", i);
	proc_printf(out, "\n LOC:");
	for (unsigned i = 0; i < cpu_count(); i++)
		proc_printf(out, " %10llu",
			    (unsigned long long)READ_ONCE(cpu_get(i)->timer_irq_count));
	proc_printf(out, "   Local timer interrupts\n RES:");
	for (unsigned i = 0; i < cpu_count(); i++)
		proc_printf(out, " %10u", sched_cpu_kicks(i));
	proc_printf(out, "   Rescheduling interrupts\n");
}

static void put_version(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "Linux version " KERNEL_RELEASE " (hermit) (" __VERSION__
			 ") " KERNEL_VERSION_TEXT "\n");
}

static void put_kernel_cmdline(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "%s\n", boot_cmdline);
}

static void put_filesystems(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	for (const struct fs_mount *m = vfs_mounts(); m; m = m->next) {
		const struct fs_mount *other = vfs_mounts();

		while (other != m && strcmp(other->type, m->type) != 0)
			other = other->next;
		if (other == m) /* the first of its type */
			proc_printf(out, "nodev\t%s\n", m->type);
	}
}

static void put_devices(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "Character devices:\n  1 mem\n  5 /dev/tty\n136 pts\n\n"
			 "Block devices:\n");
}

/* sys/... */

static void put_ostype(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "Linux\n");
}

static void put_osrelease(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, KERNEL_RELEASE "\n");
}

static void put_osversion(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, KERNEL_VERSION_TEXT "\n");
}

static void put_hostname(struct proc_text *out, const struct proc_match *match)
{
	const struct host_hello *hello = host_hello();

	(void)match;
	proc_printf(out, "%s\n", hello && hello->hostname ? hello->hostname : KERNEL_NODE);
}

static void put_domainname(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	proc_printf(out, "(none)\n");
}

static void put_uuid_of(struct proc_text *out, const uint8_t bytes[16])
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned byte = bytes[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40; /* RFC 4122, 4.4: version 4, random */
		else if (i == 8)
			byte = (byte & 0x3f) | 0x80;
		proc_printf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", byte);
	}
	proc_put(out, "\n", 1);
}

static void put_uuid(struct proc_text *out, const struct proc_match *match)
{
	uint8_t bytes[16];

	(void)match;
	random_fill(bytes, sizeof(bytes));
	put_uuid_of(out, bytes);
}

static uint8_t boot_id[16]; /* fixed after the start */

void proc_system_init(void)
{
	random_fill(boot_id, sizeof(boot_id));
}

static void put_boot_id(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	put_uuid_of(out, boot_id);
}

#define PUT_NUMBER(name, value)                                                                    \
	static void name(struct proc_text *out, const struct proc_match *match)                    \
	{                                                                                          \
		(void)match;                                                                       \
		proc_printf(out, "%d\n", (value));                                                 \
	}
PUT_NUMBER(put_pid_max, PID_MAX)
PUT_NUMBER(put_threads_max, 32768)
PUT_NUMBER(put_last_cap, LAST_CAPABILITY)
PUT_NUMBER(put_entropy, 256)
PUT_NUMBER(put_overcommit, 0)
PUT_NUMBER(put_map_count, 65530)
PUT_NUMBER(put_min_addr, 65536)
PUT_NUMBER(put_file_max, 1048576)
PUT_NUMBER(put_aslr, 0)

static const struct proc_entry entries[] = {
	PROC_TEXT("cpuinfo", proc_put_cpuinfo),
	PROC_TEXT("meminfo", put_meminfo),
	PROC_TEXT("uptime", put_uptime),
	PROC_TEXT("stat", put_stat),
	PROC_TEXT("loadavg", put_loadavg),
	PROC_TEXT("interrupts", put_interrupts),
	PROC_TEXT("version", put_version),
	PROC_TEXT("cmdline", put_kernel_cmdline),
	PROC_TEXT("filesystems", put_filesystems),
	PROC_TEXT("devices", put_devices),
	PROC_TEXT("sys/kernel/ostype", put_ostype),
	PROC_TEXT("sys/kernel/osrelease", put_osrelease),
	PROC_TEXT("sys/kernel/version", put_osversion),
	PROC_TEXT("sys/kernel/hostname", put_hostname),
	PROC_TEXT("sys/kernel/domainname", put_domainname),
	PROC_TEXT("sys/kernel/pid_max", put_pid_max),
	PROC_TEXT("sys/kernel/threads-max", put_threads_max),
	PROC_TEXT("sys/kernel/cap_last_cap", put_last_cap),
	PROC_TEXT("sys/kernel/randomize_va_space", put_aslr),
	PROC_TEXT("sys/kernel/random/boot_id", put_boot_id),
	PROC_TEXT("sys/kernel/random/uuid", put_uuid),
	PROC_TEXT("sys/kernel/random/entropy_avail", put_entropy),
	PROC_TEXT("sys/kernel/random/poolsize", put_entropy),
	PROC_TEXT("sys/vm/overcommit_memory", put_overcommit),
	PROC_TEXT("sys/vm/max_map_count", put_map_count),
	PROC_TEXT("sys/vm/mmap_min_addr", put_min_addr),
	PROC_TEXT("sys/fs/file-max", put_file_max),
	PROC_TEXT("sys/fs/nr_open", put_file_max),
};

const struct proc_table proc_system_table = {entries, ARRAY_SIZE(entries)};
