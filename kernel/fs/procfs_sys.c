/* SPDX-License-Identifier: BSD-3-Clause */
/* /sys: what libraries read of processors (sysfs(5)). */
#include "procfs.h"

#include <core/cpu.h>

static void put_cpus(struct proc_text *out, const struct proc_match *match)
{
	(void)match;
	if (cpu_count() == 1)
		proc_printf(out, "0\n");
	else
		proc_printf(out, "0-%u\n", cpu_count() - 1);
}

static const struct proc_entry entries[] = {
	{"devices/system/cpu/online", put_cpus, NULL},
	{"devices/system/cpu/possible", put_cpus, NULL},
	{"devices/system/cpu/present", put_cpus, NULL},
};

const struct proc_table proc_sys_table = {entries, ARRAY_SIZE(entries)};
