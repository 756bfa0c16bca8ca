/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /proc and /sys: tables of paths whose text is made when a file is read. Private to this folder.
 *
 * A pattern is a path below the mount point. In it "PID" stands for the process id (or a thread's,
 * which no listing shows), "TID" for a thread, "FD" for an open descriptor, and a name that ends in
 * "CPU", "CACHE" or "NODE" for one with the number of a CPU, of one of its caches or of a node
 * there.
 *
 * procfs_path.c finds entries, procfs_text.c has the open files, procfs.c the file system. The
 * tables are in procfs_process.c, procfs_memory.c, procfs_mounts.c, procfs_net.c, procfs_system.c
 * (all /proc) and procfs_sys.c (/sys).
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
	int error; /* 0, -ENOMEM, or what a generator says */
};
void proc_put(struct proc_text *out, const void *bytes, size_t size);
/* At most 511 bytes. */
void proc_printf(struct proc_text *out, const char *format, ...) printf_like(2, 3);

/* What stood for TID, FD, CPU, CACHE and NODE in the path. */
struct proc_match {
	tid_t tid; /* the process's first thread when the path names none */
	int fd;
	unsigned cpu, cache, node;
};

struct proc_entry {
	const char *path; /* pattern */
	/* A file: makes its text. Task context, may block. */
	void (*generate)(struct proc_text *out, const struct proc_match *match);
	/* Instead: a symbolic link. Writes the target (FS_PATH_MAX + 1 bytes); 0 or -errno. A
	 * relative one can be followed only where the link lies at the mount point. */
	int (*link)(char *target, const struct proc_match *match);
	/* May be NULL: takes what is written (at most PROC_WRITE_MAX bytes and a NUL); 0 or -errno.
	 */
	int (*write)(const char *text, const struct proc_match *match);
};
#define PROC_WRITE_MAX 63u

/* Entries; PROC_THREAD_TEXT is there for the process and for each thread. */
#define PROC_TEXT(pattern, function)                                                               \
	{                                                                                          \
		.path = (pattern), .generate = (function)                                          \
	}
#define PROC_THREAD_TEXT(name, function)                                                           \
	PROC_TEXT("PID/" name, function), PROC_TEXT("PID/task/TID/" name, function)
#define PROC_LINK(pattern, function)                                                               \
	{                                                                                          \
		.path = (pattern), .link = (function)                                              \
	}
#define PROC_THREAD_LINK(name, function)                                                           \
	PROC_LINK("PID/" name, function), PROC_LINK("PID/task/TID/" name, function)

struct proc_table {
	const struct proc_entry *entries;
	unsigned count;
};

extern const struct proc_table proc_process_table, proc_memory_table, proc_system_table,
	proc_mounts_table, proc_net_entries, proc_sys_table;
extern const struct fs_ops procfs_ops;

/* The link /proc/PID/exe (struct proc_entry); MATCH is not looked at. */
int proc_link_exe(char *target, const struct proc_match *match);

/* What one mount shows: up to five tables, then NULL. */
struct procfs {
	uint32_t magic; /* statfs(2) */
	const struct proc_table *tables[6];
};

enum proc_kind { PROC_MATCH_NONE, PROC_MATCH_DIRECTORY, PROC_MATCH_ENTRY };

/* What is at PATH (no slash at either end, no ".."). For a directory *ENTRY is one below it, or is
 * left alone (the root). */
enum proc_kind procfs_find(const struct procfs *fs, const char *path, struct proc_match *match,
			   const struct proc_entry **entry);

/* The names in directory PATH, each with its type (S_IFMT >> 12) in front and a NUL behind. */
void procfs_list(const struct procfs *fs, const char *path, struct proc_text *out);

/* The attributes of an entry (NULL: a directory). */
void procfs_stat_entry(const struct proc_entry *entry, file_stat_t *stat);

/* statfs(2) of any of the files. */
void procfs_statfs_fill(const struct procfs *fs, struct hc_statfs *statfs);

/* An open file: entry ENTRY, or with LIST (NULL else) a directory, which takes LIST's text. PATH:
 * its absolute path. 0, or -errno and LIST's text is the caller's still. */
must_check int procfs_text_open(const struct procfs *fs, const struct proc_entry *entry,
				const struct proc_match *match, const struct proc_text *list,
				unsigned flags, const char *path, struct file **out);

#endif /* FS_PROCFS_H */
