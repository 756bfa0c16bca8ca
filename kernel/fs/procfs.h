/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc and /sys: tables of paths whose text is made when a file is opened. Private to this folder.
 *
 * A pattern is a path below the mount point. In it "PID" stands for self, thread-self and the
 * process id, "TID" for a thread, "FD" for an open descriptor, "CPU" for a CPU number.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include <fs/vfs.h>
#include <lib/compiler.h>
#include <lib/types.h>

/* Text that grows. */
struct proc_text {
	char *text;
	size_t length, capacity;
	bool failed; /* out of memory */
};
void proc_put(struct proc_text *out, const void *bytes, size_t size);
void proc_printf(struct proc_text *out, const char *format, ...) printf_like(2, 3);

/* What stood for TID, FD and CPU in the path. */
struct proc_match {
	tid_t tid;
	int fd;
	unsigned cpu;
};

struct proc_entry {
	const char *path; /* pattern */
	void (*generate)(struct proc_text *out, const struct proc_match *match);
	/* Instead: a symbolic link. Writes the target (FS_PATH_MAX + 1 bytes); 0 or -errno. */
	int (*link)(char *target, const struct proc_match *match);
};

struct proc_table {
	const struct proc_entry *entries;
	unsigned count;
};

extern const struct proc_table proc_process_table, proc_system_table, proc_sys_table;
extern const struct fs_ops procfs_ops;

#endif /* FS_PROCFS_H */
