/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files behind /proc share. Private to this folder. */
#ifndef FS_PROCFS_STATUS_H
#define FS_PROCFS_STATUS_H

#include <fs/proc.h>

#include "procfs.h"

/* Times in /proc count in hundredths of a second (sysconf(_SC_CLK_TCK)). */
#define PROC_TICK_NS 10000000ull

/* Generators (procfs_status.c): status of a thread, stat of the process and of a thread. */
void proc_put_status(struct proc_text *out, const struct proc_match *match);
void proc_put_stat(struct proc_text *out, const struct proc_match *match);
void proc_put_thread_stat(struct proc_text *out, const struct proc_match *match);

/* The processors (procfs_sys.c). */
void proc_put_cpuinfo(struct proc_text *out, const struct proc_match *match);

/* The lines of status that name the nodes (procfs_sys.c). */
void proc_put_mems_allowed(struct proc_text *out);

/* Before the application runs. */
void proc_system_init(void);

/* The number in mountinfo of the mount that serves PATH, 0 when it is no absolute path. */
int proc_mount_id(const char *path);

const struct proc_start *proc_get_start(void);

/* Sets of CPUs (or nodes) below COUNT that HAS tells, as a mask ("3", "ffffffff,ffffffff") and as
 * a list ("0-3,5"), with a newline. */
typedef bool (*proc_cpu_fn)(unsigned cpu, const void *context);
void proc_put_cpu_mask(struct proc_text *out, unsigned count, proc_cpu_fn has, const void *context);
void proc_put_cpu_list(struct proc_text *out, unsigned count, proc_cpu_fn has, const void *context);

#endif /* FS_PROCFS_STATUS_H */
