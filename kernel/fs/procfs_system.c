/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc: the machine (proc(5)). */
#include "procfs.h"

#include <arch/cpu.h>
#include <core/clock.h>
#include <core/cpu.h>
#include <mm/frame.h>

static void put_meminfo(struct proc_text *out, const struct proc_match *match)
{
	struct mm_frame_stats frames;

	(void)match;
	mm_frame_stats(&frames);
	proc_printf(
		out,
		"MemTotal:       %8llu kB\nMemFree:        %8llu kB\nMemAvailable:   %8llu kB\n",
		(unsigned long long)frames.total * 4, (unsigned long long)frames.free * 4,
		(unsigned long long)frames.free * 4);
	proc_printf(out, "Buffers:               0 kB\nCached:                0 kB\n"
			 "SwapTotal:             0 kB\nSwapFree:              0 kB\n");
}

static void put_uptime(struct proc_text *out, const struct proc_match *match)
{
	uint64_t hundredths = clock_monotonic_ns() / 10000000;

	(void)match;
	proc_printf(out, "%llu.%02llu 0.00\n", (unsigned long long)hundredths / 100,
		    (unsigned long long)hundredths % 100);
}

static void put_mounts(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	for (const struct fs_mount *m = vfs_mounts(); m; m = m->next)
		proc_printf(out, "%s %s %s %s 0 0\n", m->type, m->path, m->type,
			    m->read_only ? "ro" : "rw");
}

static void put_cpuinfo(struct proc_text *out, const struct proc_match *match)
{
	char text[2048];

	(void)match;
	for (unsigned i = 0; i < cpu_count(); i++) {
		proc_printf(out, "processor\t: %u\n", i);
		proc_put(out, text, MIN(arch_cpu_describe(text, sizeof(text)), sizeof(text) - 1));
		proc_printf(out, "cpu MHz\t\t: %llu.%03llu\n\n",
			    (unsigned long long)clock_tsc_hz() / 1000000,
			    (unsigned long long)clock_tsc_hz() / 1000 % 1000);
	}
}

static const struct proc_entry entries[] = {
	{"cpuinfo", put_cpuinfo, NULL},	  {"meminfo", put_meminfo, NULL},
	{"uptime", put_uptime, NULL},	  {"mounts", put_mounts, NULL},
	{"PID/mounts", put_mounts, NULL},
};

const struct proc_table proc_system_table = {entries, ARRAY_SIZE(entries)};
